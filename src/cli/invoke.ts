import { text as readText } from 'node:stream/consumers'
import { InvalidOptionError } from '../errors.ts'
import type { FunctionHostOptions } from '../index.ts'
import { describeError } from './error-text.ts'
import { EXIT_CODES, type ExitCode, exitCodeOf } from './exit-code.ts'
import { invokeRemotely, type RemoteOptions } from './invoke-remote.ts'
import { Terminal } from './terminal.ts'

export interface InvokeOptions extends RemoteOptions {
  /** Run the function in this process, from this folder of functions, instead of calling a host. */
  readonly folder?: string
  /** What happens there with packages: see FunctionHostOptions. */
  readonly install?: NonNullable<FunctionHostOptions['install']>
}

type FunctionEvent = Readonly<Record<string, unknown>>

/**
 * `cloudlet invoke`: the result as JSON on the standard output, all else on the standard error output.
 *
 * @throws {InvalidOptionError} for an event that isn't a JSON object; {CloudletError} when nothing could be run.
 */
export async function invoke(name: string, json: string, options: InvokeOptions): Promise<ExitCode> {
  const event = parseEvent(json === '-' ? await readText(process.stdin) : json)
  const errors = new Terminal(process.stderr)
  try {
    const result = await run(name, event, options, errors)
    new Terminal(process.stdout).line(JSON.stringify(result ?? null, null, 2))
    return EXIT_CODES.ok
  } catch (error) {
    errors.line(errors.paint('red', describeError(error)))
    return exitCodeOf(error)
  }
}

async function run(
  name: string,
  event: FunctionEvent,
  options: InvokeOptions,
  errors: Terminal,
): Promise<unknown> {
  const { folder, openid, install } = options
  if (folder === undefined) {
    if (install === undefined) return invokeRemotely(name, event, options)
    throw new InvalidOptionError('install', '--install goes with --folder; a host has its own setting.')
  }
  const { invokeLocally } = await import('./invoke-local.ts')
  return invokeLocally(name, event, { folder, openid, errors, ...(install === undefined ? {} : { install }) })
}

function parseEvent(text: string): FunctionEvent {
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InvalidOptionError(
      'json',
      `The event is not valid JSON: ${reason}. Quote it for the shell, or pass - and pipe it in.`,
    )
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new InvalidOptionError('json', 'The event must be a JSON object, e.g. \'{"a":1}\'.')
  }
  return { ...event }
}
