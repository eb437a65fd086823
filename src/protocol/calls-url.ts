import Type from 'typebox'

const domain = Type.String({ maxLength: 4096 })
const shape = {
  args: Type.Object({ domain }, { additionalProperties: false }),
  result: Type.Object({ domain }),
}

/** Domain names that are not plain ASCII, by Unicode's tables; '' for one that isn't valid. */
export const URL_OPS = {
  'url.domainToAscii': { capability: 'runtime', ...shape },
  'url.domainToUnicode': { capability: 'runtime', ...shape },
} as const
