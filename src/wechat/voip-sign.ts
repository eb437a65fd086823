import { createHmac } from 'node:crypto'

/** The signature of `wx.joinVoIPChat`, by WeChat's published algorithm. */
export function signVoip(
  appid: string,
  {
    groupId,
    nonce,
    timestamp,
  }: { readonly groupId: string; readonly nonce: string; readonly timestamp: number },
  sessionKey: string,
): string {
  const signed = [appid, groupId, nonce, String(timestamp)].sort().join('')
  return createHmac('sha256', sessionKey).update(signed).digest('hex')
}
