import Type, { type TProperties, type TSchema } from 'typebox'
import { LIMITS } from '../limits.ts'
import type { Encoded, EncodedObject } from './value.ts'

const closed = { additionalProperties: false }
const bytes = Type.Unsafe<Uint8Array>(Type.Unknown())
const encodedObject = Type.Unsafe<EncodedObject>(Type.Object({}))
const text = Type.String({ minLength: 1, maxLength: 256 })
const appid = Type.Optional(text)
/** `group.method`, or deeper. */
const apiName = Type.String({ maxLength: 128, pattern: '^[A-Za-z]\\w*(\\.\\w+)*$' })

function wechatOp<Args extends TProperties, Result extends TProperties>(args: Args, result: Result) {
  return { capability: 'wechat', args: Type.Object(args, closed), result: Type.Object(result) } as const
}

/** The answer's fields; a file's bytes are `content`. */
const answer = {
  fields: encodedObject,
  contentType: Type.Optional(Type.String()),
  content: Type.Optional(bytes),
}

/** What functions ask of WeChat's own servers. Clients have none of it. */
export const WECHAT_OPS = {
  /**
   * `params` without those that are files; the bytes of these stand one behind the other in `content`, in the order
   * of `media`. `convertCase`: camelCase here, snake_case there, both ways.
   */
  'wechat.openapi': wechatOp(
    {
      api: apiName,
      params: encodedObject,
      media: Type.Array(
        Type.Object(
          {
            key: text,
            contentType: text,
            fileName: Type.Optional(text),
            sizeBytes: Type.Integer({ minimum: 0, maximum: LIMITS.fileBytes }),
          },
          closed,
        ),
        { maxItems: LIMITS.wechatMedia },
      ),
      content: bytes,
      convertCase: Type.Boolean(),
      appid,
    },
    answer,
  ),
  'wechat.cloudPay': wechatOp({ method: apiName, params: encodedObject, appid }, answer),
  /** One entry for each id, in order. */
  'wechat.getOpenData': wechatOp(
    {
      cloudIDs: Type.Array(Type.String({ maxLength: LIMITS.cloudIDChars }), { maxItems: LIMITS.openDataIDs }),
    },
    { list: Type.Unsafe<Encoded[]>(Type.Array(Type.Object({}))) },
  ),
  'wechat.getVoIPSign': wechatOp(
    {
      groupId: Type.String({ maxLength: 256 }),
      timestamp: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      nonce: Type.String({ maxLength: 128 }),
    },
    { signature: Type.String() },
  ),
  'wechat.getCloudCallSign': wechatOp(
    { parameterList: Type.Array(Type.Unsafe<Encoded>(Type.Unknown()), { maxItems: 100 }) },
    { signature: Type.String() },
  ),
} as const satisfies Record<
  string,
  { readonly capability: 'wechat'; readonly args: TSchema; readonly result: TSchema }
>
