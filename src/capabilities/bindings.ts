import { Cancellation } from '../cancellation.ts'
import { errorToData, InvalidOptionError, ValueError } from '../errors.ts'
import type { HostAnswer, HostCall } from '../isolate/host-call.ts'
import { CAPABILITIES, type Capability, type OpName } from '../protocol/calls.ts'
import { JsonText, type Scope } from './capability.ts'
import type { Dispatcher, Rights } from './dispatch.ts'

const NO_OPS: ReadonlySet<OpName> = new Set()

/** On the platform indexes are made and permissions given in the console: no function does either. */
const HOST_ONLY_OPS: ReadonlySet<OpName> = new Set<OpName>([
  'database.getPermission',
  'database.setPermission',
  'database.createIndex',
  'database.listIndexes',
  'database.dropIndex',
])

const SERVER_ONLY_OPS: readonly OpName[] = [
  ...HOST_ONLY_OPS,
  'database.createCollection',
  'database.explain',
  'database.startTransaction',
  'database.commitTransaction',
  'database.abortTransaction',
  'database.getInTransaction',
  'database.addInTransaction',
  'database.updateInTransaction',
  'database.replaceInTransaction',
  'database.removeInTransaction',
]

/** What a client may ask for at all: the network is the functions' own. */
const CLIENT_CAPABILITIES: readonly Capability[] = ['database', 'storage', 'functions']

/** What a self-hosted app's functions may use unless their deployment says otherwise. */
const DEFAULT_CAPABILITIES: readonly Capability[] = CAPABILITIES

/** The rights of the host's own code. */
export const HOST_RIGHTS: Rights = { capabilities: new Set(CAPABILITIES), deniedOps: NO_OPS }

/** The rights of a client session: its own documents and files, and calling functions. */
export const CLIENT_RIGHTS: Rights = {
  capabilities: new Set(CLIENT_CAPABILITIES),
  deniedOps: new Set(SERVER_ONLY_OPS),
}

/** @throws {InvalidOptionError} for a capability there isn't. */
export function rightsOf(capabilities: readonly Capability[] = DEFAULT_CAPABILITIES): Rights {
  for (const capability of capabilities) {
    if (!CAPABILITIES.includes(capability)) {
      throw new InvalidOptionError(
        'capabilities',
        `"${String(capability)}" is no capability; there are ${CAPABILITIES.join(', ')}.`,
      )
    }
  }
  return { capabilities: new Set([...capabilities, 'runtime']), deniedOps: HOST_ONLY_OPS }
}

/**
 * The one function an instance is handed for one invocation. Who asks and what they may do are fixed here;
 * the guest only names an op and its arguments.
 */
export function bind(dispatcher: Dispatcher, rights: Rights, scope: Omit<Scope, 'cancellation'>): HostCall {
  return async (op, args, signal): Promise<HostAnswer> => {
    try {
      const value = await dispatcher.call(op, args, rights, {
        ...scope,
        cancellation: new Cancellation(signal),
      })
      if (value instanceof JsonText) return { kind: 'reply', valueText: value.text }
      const { content } = value as { content?: Uint8Array }
      if (content === undefined) return { kind: 'reply', valueText: writeJson(value as object) }
      const { content: _, ...fields } = value as { content: Uint8Array }
      return { kind: 'reply', valueText: writeJson(fields), content }
    } catch (error) {
      return { kind: 'refuse', errorText: JSON.stringify(errorToData(dispatcher.ensureTyped(error))) }
    }
  }
}

/** @throws {ValueError} for a value nested so deep that writing it overflows the stack. */
function writeJson(value: object): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    throw new ValueError(
      'result',
      `The answer can't be made JSON: ${error instanceof Error ? error.message : error}`,
    )
  }
}
