import { join } from 'node:path'
import { FunctionHost, type FunctionHostOptions, type LogLine } from '../index.ts'
import { describeError } from './error-text.ts'
import { findFunctionsFolder } from './functions-folder.ts'
import { printInstallProgress } from './install-progress.ts'
import { formatLog } from './invocation-text.ts'
import type { Terminal } from './terminal.ts'

export interface LocalOptions {
  readonly folder: string
  readonly openid: string
  /** What happens with packages: see FunctionHostOptions. */
  readonly install?: NonNullable<FunctionHostOptions['install']>
  readonly errors: Terminal
}

/**
 * Runs one function in this process, with the others of its folder there to be called and everything in memory
 * but the packages it installs.
 *
 * @throws {CloudletError} as `host.deploy` and `host.invoke` do.
 */
export async function invokeLocally(
  name: string,
  event: Readonly<Record<string, unknown>>,
  options: LocalOptions,
): Promise<unknown> {
  const { folder, openid, install = 'auto', errors } = options
  const { path, home, appid } = await findFunctionsFolder(folder)
  const printLogs = (logs: readonly LogLine[]): void => {
    for (const log of logs) errors.line(formatLog(log, errors))
  }
  await using host = new FunctionHost({
    autoCreateCollections: true,
    // The services a function is tried with run on this machine.
    network: { private: true },
    install,
    // Where "cloudlet dev" has them too, so that the next call need not install them again.
    packagesDirectory: join(home, '.cloudlet', 'packages'),
    // Functions that this one calls log too, before it ends; so each prints when it is done.
    onInvocation: ({ logs }) => printLogs(logs),
    onWarning: message => errors.line(errors.paint('yellow', message)),
    onInternalError: (incidentId, error) => errors.line(`Incident ${incidentId}: ${describeError(error)}`),
  })
  const { failed } = await host.deployDirectory(path, {
    onProgress: progress => printInstallProgress(progress, errors),
  })
  errors.clearStatus()
  for (const { name: failedName, error } of failed) {
    if (failedName === name) throw error
    errors.line(errors.paint('yellow', `${failedName} is not there to be called. ${describeError(error)}`))
  }
  const { result } = await host.invoke(name, event, {
    caller: { openid, ...(appid === undefined ? {} : { appid }) },
  })
  return result
}
