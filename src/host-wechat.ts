import type { OpenCloudIDs } from './capabilities/cloud-ids.ts'
import type { ResolvedOptions } from './options.ts'
import { INVALID_CLOUD_ID } from './wechat/open-data.ts'
import { WechatServices } from './wechat/services.ts'
import { Wechat } from './wechat/wechat.ts'

/** WeChat as a host's options say: its users, with `wechat`, and what functions can ask of it. */
export function openWechat(
  { wechat, wechatHandlers }: ResolvedOptions,
  directory: string | undefined,
  onWarning: (message: string) => void,
): { readonly users: Wechat | undefined; readonly services: WechatServices } {
  const users =
    wechat === undefined
      ? undefined
      : new Wechat({
          ...wechat,
          directory,
          onWarning,
          askWechat: (openid, cloudIDs) => services.askOpenData(openid, cloudIDs),
        })
  const services = new WechatServices({ wechat, wechatHandlers, users, onWarning })
  return { users, services }
}

/** Without WeChat no CloudID is one. */
export function openCloudIDsWith(users: Wechat | undefined): OpenCloudIDs {
  return async (cloudIDs, caller) =>
    users === undefined
      ? cloudIDs.map(cloudID => ({ cloudID, ...INVALID_CLOUD_ID }))
      : users.openData(cloudIDs, caller)
}
