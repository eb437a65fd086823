import type { ModuleCode } from '../protocol/bridge.ts'
import { codedError } from './coded-error.ts'
import { ObjectHasOwn, RegExpExec, StringCtor, TypeErrorCtor } from './intrinsics.ts'
import { urlOf } from './module-url.ts'

/** The `type` in `import(x, { with: { type: … } })`. */
export function attributeOf(options: unknown): string | undefined {
  const attributes = (options as { with?: { type?: unknown } } | null | undefined)?.with
  return attributes?.type === undefined ? undefined : StringCtor(attributes.type)
}

/** Throws Node's errors for JSON that is imported without saying so, and for what isn't JSON. */
export function checkType(
  code: ModuleCode | undefined,
  from: string,
  target: string,
  type: string | undefined,
): void {
  const isJson = typeof code === 'object' && ObjectHasOwn(code, 'json')
  const url = urlOf(target)
  if (isJson && type === undefined && RegExpExec(/\.[cm]?tsx?$/, from) === null) {
    throw codedError(
      new TypeErrorCtor(`Module "${url}" needs an import attribute of "type: json"`),
      'ERR_IMPORT_ATTRIBUTE_MISSING',
    )
  }
  if (type !== undefined && (type !== 'json' || !isJson)) {
    throw type === 'json'
      ? codedError(
          new TypeErrorCtor(`Module "${url}" is not of type "json"`),
          'ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE',
        )
      : codedError(
          new TypeErrorCtor(`Import attribute "type" with value "${type}" is not supported`),
          'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED',
        )
  }
}
