import { CloudletError } from './cloudlet-error.ts'

/** A request to WeChat's servers failed: they answered with an `errcode`, or didn't answer. */
export class WechatError extends CloudletError {
  override readonly name = 'WechatError'
  /**
   * WeChat's own number, above 0, or -1 when it was busy; or the platform's: -601001 an answer that can't be read,
   * -604102 no answer in time, -604103 no answer at all (wxcloud-spec §6.2).
   */
  readonly errCode: number
  /** WeChat's own text, or what went wrong on the way. */
  readonly errMsg: string
  /** What was asked: a path such as `/sns/jscode2session`, or an API such as `openapi.security.msgSecCheck`. */
  readonly api: string

  constructor(
    api: string,
    errCode: number,
    errMsg: string,
    options: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super('CLOUDLET_WECHAT', `${api} failed with ${errCode}: ${errMsg}`, options)
    this.errCode = errCode
    this.errMsg = errMsg
    this.api = api
  }
}
