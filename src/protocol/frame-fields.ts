import { ProtocolError } from '../errors.ts'
import { checkText, type Fields, isCount, ownField, requireMap } from './frame-values.ts'

/** The fields of one received frame, read with their checks. Only own fields count. */
export class FrameFields<Chars extends Readonly<Record<string, number>>> {
  readonly type: string
  readonly #fields: Fields
  readonly #chars: Chars

  /** @param chars Most UTF-16 units of each text field. @throws {ProtocolError} as its methods do. */
  constructor(value: unknown, chars: Chars) {
    this.#fields = requireMap(value, 'A frame')
    this.#chars = chars
    const type = ownField(this.#fields, 'type')
    if (typeof type !== 'string') throw new ProtocolError('A frame needs a "type" text.')
    this.type = type
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name)
  }

  /** Unknown fields are refused, so that a misspelt one can't be silently without effect. hello and welcome may grow. */
  only(names: readonly string[]): void {
    for (const name in this.#fields) {
      if (name !== 'type' && !names.includes(name) && this.has(name)) {
        throw new ProtocolError(`A ${this.type} frame has no field ${JSON.stringify(name.slice(0, 40))}.`)
      }
    }
  }

  value(name: string): unknown {
    if (!this.has(name)) throw new ProtocolError(`A ${this.type} frame needs "${name}".`)
    return this.#fields[name]
  }

  integer(name: string): number {
    const value = this.value(name)
    if (!isCount(value)) {
      throw new ProtocolError(`"${name}" of a ${this.type} frame must be an integer from 0 to 2^53-1.`)
    }
    return value
  }

  text(name: keyof Chars & string): string {
    return checkText(this.value(name), this.#chars[name] ?? 0, `"${name}" of a ${this.type} frame`)
  }

  optionalText<Name extends keyof Chars & string>(name: Name): { readonly [field in Name]?: string } {
    const field: { [field in Name]?: string } = {}
    if (this.has(name)) field[name] = this.text(name)
    return field
  }

  optionalFlag<Name extends string>(name: Name): { readonly [field in Name]?: boolean } {
    const field: { [field in Name]?: boolean } = {}
    if (!this.has(name)) return field
    const value = this.value(name)
    if (typeof value !== 'boolean') {
      throw new ProtocolError(`"${name}" of a ${this.type} frame must be true or false.`)
    }
    field[name] = value
    return field
  }

  versions(): readonly number[] {
    const value = this.value('versions')
    if (!Array.isArray(value) || value.length === 0 || value.length > 16 || !value.every(isCount)) {
      throw new ProtocolError('"versions" of a hello frame must be 1 to 16 protocol versions, e.g. [1].')
    }
    return value
  }
}
