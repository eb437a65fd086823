import { FunctionHost, type LogLine } from '../index.ts'
import { describeError } from './error-text.ts'
import { findFunctionsFolder } from './functions-folder.ts'
import { formatLog } from './invocation-text.ts'
import type { Terminal } from './terminal.ts'

export interface LocalOptions {
  readonly folder: string
  readonly openid: string
  readonly errors: Terminal
}

/**
 * Runs one function in this process, with the others of its folder there to be called and everything in memory.
 *
 * @throws {CloudletError} as `host.deploy` and `host.invoke` do.
 */
export async function invokeLocally(
  name: string,
  event: Readonly<Record<string, unknown>>,
  options: LocalOptions,
): Promise<unknown> {
  const { folder, openid, errors } = options
  const { path, appid } = await findFunctionsFolder(folder)
  const printLogs = (logs: readonly LogLine[]): void => {
    for (const log of logs) errors.line(formatLog(log, errors))
  }
  await using host = new FunctionHost({
    autoCreateCollections: true,
    // Functions that this one calls log too, before it ends; so each prints when it is done.
    onInvocation: ({ logs }) => printLogs(logs),
    onWarning: message => errors.line(errors.paint('yellow', message)),
    onInternalError: (incidentId, error) => errors.line(`Incident ${incidentId}: ${describeError(error)}`),
  })
  const { failed } = await host.deployDirectory(path)
  for (const { name: failedName, error } of failed) {
    if (failedName === name) throw error
    errors.line(errors.paint('yellow', `${failedName} is not there to be called. ${describeError(error)}`))
  }
  const { result } = await host.invoke(name, event, {
    caller: { openid, ...(appid === undefined ? {} : { appid }) },
  })
  return result
}
