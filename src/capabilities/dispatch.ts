import { randomUUID } from 'node:crypto'
import { Compile, type Validator } from 'typebox/compile'
import { CapabilityDeniedError, CloudletError, InternalError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { OPS, type OpCapability, type OpName } from '../protocol/calls.ts'
import type { Handlers, Scope } from './capability.ts'

export interface DispatcherOptions {
  readonly handlers: Handlers<OpName>
  /** Told the cause of each InternalError under the id its asker got. */
  readonly onInternalError: (incidentId: string, cause: unknown) => void
}

/** Which ops an asker holds: a deployment's bindings, or a session's rights. */
export interface Rights {
  readonly capabilities: ReadonlySet<OpCapability>
  /** Ops left out of the capabilities above. */
  readonly deniedOps: ReadonlySet<OpName>
}

/** Values in arguments of which the first that is wrong is looked for: some milliseconds. */
const SEARCHED_VALUES = 5000

/** The one way to an op, for guests, clients and the host alike: known, granted, well-formed, then run. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #validators = new Map(
    Object.entries(OPS).map(([op, { args }]) => [
      op,
      new ArgumentCheck(op, Compile(args), 'content' in args.properties),
    ]),
  )

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /**
   * Runs one op. Rejects with a CloudletError only: CLOUDLET_CAPABILITY_DENIED, CLOUDLET_VALUE, the op's
   * own, or CLOUDLET_INTERNAL with an incident id for anything the op did not foresee.
   */
  async call(op: string, args: unknown, rights: Rights, scope: Scope): Promise<unknown> {
    const check = this.#validators.get(op)
    if (check === undefined) throw new CapabilityDeniedError('', op, `There is no op "${op.slice(0, 64)}".`)
    const name = op as OpName
    refuseUngranted(name, rights, scope)
    check.run(args)
    try {
      return await this.#options.handlers[name](args as never, scope)
    } catch (error) {
      throw this.ensureTyped(error)
    }
  }

  /** A CloudletError as it is; anything else hidden behind an incident id. */
  ensureTyped(error: unknown): CloudletError {
    if (error instanceof CloudletError) return error
    const incidentId = randomUUID()
    this.#options.onInternalError(incidentId, error)
    return new InternalError(incidentId, { cause: error })
  }
}

function refuseUngranted(op: OpName, { capabilities, deniedOps }: Rights, scope: Scope): void {
  const { capability } = OPS[op]
  if (capabilities.has(capability) && !deniedOps.has(op)) return
  const who = scope.kind === 'client' ? 'Clients' : 'This function'
  throw new CapabilityDeniedError(
    capability,
    op,
    `${who} may not use ${op}. The host grants capabilities at deploy: deploy(name, source, { capabilities: […] }).`,
  )
}

class ArgumentCheck {
  readonly #op: string
  readonly #validator: Validator
  readonly #hasContent: boolean

  constructor(op: string, validator: Validator, hasContent: boolean) {
    this.#op = op
    this.#validator = validator
    this.#hasContent = hasContent
  }

  /** @throws {ValueError} naming the first argument that is wrong. */
  run(args: unknown): void {
    if (!this.#validator.Check(args)) {
      if (hasMany(args))
        throw new ValueError(this.#op, `${this.#op} is malformed, and too long to say where.`)
      const [first] = this.#validator.Errors(args)
      const path = `${this.#op}${(first?.instancePath ?? '').replaceAll('/', '.')}`
      throw new ValueError(path, `${path} ${first?.message ?? 'is malformed'}.`)
    }
    if (!this.#hasContent) return
    const { content } = args as { content: unknown }
    const path = `${this.#op}.content`
    if (!(content instanceof Uint8Array)) throw new ValueError(path, `${path} must be bytes.`)
    if (content.byteLength > LIMITS.fileBytes) {
      throw new ValueError(path, `${path} is ${content.byteLength} bytes; the limit is ${LIMITS.fileBytes}.`)
    }
  }
}

/** Whether it takes long to look for what is wrong with it: the search looks at all there is. */
function hasMany(args: unknown): boolean {
  const rest = [args]
  for (let count = 1; rest.length > 0; ) {
    const value = rest.pop()
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue
    for (const key in value) {
      if (++count > SEARCHED_VALUES) return true
      rest.push((value as Readonly<Record<string, unknown>>)[key])
    }
  }
  return false
}
