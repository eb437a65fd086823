import type { Cloud } from 'cloudlet/miniprogram'

export declare const cloud: Cloud
