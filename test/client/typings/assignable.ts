import type { Cloud } from 'cloudlet/miniprogram'

/** Ours stands wherever a program has theirs, so what is written against theirs compiles against ours. */
declare const cloud: Cloud
export const theirs: WxCloud = cloud
wx.cloud = cloud

// The other way round it does not: this says that the assignment above is checked, and not `any`.
// @ts-expect-error theirs has no Cloud, no status and no close
export const ours: Cloud = wx.cloud
export const status: 'idle' | 'connecting' | 'open' | 'closed' = cloud.status

/** What a page passes on is of its parts' types, too. */
export const database: DB.Database = cloud.database()
export const collection: DB.CollectionReference = cloud.database().collection('a')
export const task: WechatMiniprogram.UploadTask = cloud.uploadFile({
  cloudPath: 'a',
  filePath: 'b',
  complete: () => {},
})
