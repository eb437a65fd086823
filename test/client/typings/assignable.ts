import type { Cloud } from 'cloudlet/miniprogram'

declare const cloud: Cloud
export const theirs: WxCloud = cloud
wx.cloud = cloud
