import type { ResolvedOptions } from './options.ts'
import { WechatServices } from './wechat/services.ts'
import { Wechat } from './wechat/wechat.ts'

export interface OpenedWechat {
  /** The mini-program's users. Undefined without option `wechat`. */
  readonly wechat: Wechat | undefined
  /** What functions ask of WeChat. */
  readonly services: WechatServices
}

/** WeChat as a host's options say. */
export function openWechat(
  { wechat: given, wechatHandlers }: ResolvedOptions,
  directory: string | undefined,
  onWarning: (message: string) => void,
): OpenedWechat {
  // Each needs the other: services open data of users with their keys, and users' own ids are WeChat's to open.
  const services: WechatServices = new WechatServices({
    wechat: given,
    wechatHandlers,
    onWarning,
    users: () => wechat,
  })
  const wechat =
    given === undefined
      ? undefined
      : new Wechat({
          ...given,
          directory,
          onWarning,
          askWechat: (openid, cloudIDs) => services.askOpenData({ openid, cloudIDs }),
        })
  return { wechat, services }
}
