import type { OpenCloudIDs } from './capabilities/cloud-ids.ts'
import type { ResolvedOptions } from './options.ts'
import { INVALID_CLOUD_ID } from './wechat/open-data.ts'
import { Wechat } from './wechat/wechat.ts'

/** WeChat as a host's options say. Undefined without `wechat`. */
export function openWechat(
  { wechat }: ResolvedOptions,
  directory: string | undefined,
  onWarning: (message: string) => void,
): Wechat | undefined {
  if (wechat === undefined) return undefined
  return new Wechat({ ...wechat, directory, onWarning })
}

/** Without WeChat no CloudID is one. */
export function openCloudIDsWith(wechat: Wechat | undefined): OpenCloudIDs {
  return async (cloudIDs, caller) =>
    wechat === undefined
      ? cloudIDs.map(cloudID => ({ cloudID, ...INVALID_CLOUD_ID }))
      : wechat.openData(cloudIDs, caller)
}
