import { onTestFinished } from 'vitest'
import { FunctionHost, type InvokeResult } from '../../src/index.ts'
import type { HostNetworkOptions } from '../../src/network-options.ts'
import type { FunctionHostOptions } from '../../src/options.ts'

export interface Deployed {
  readonly host: FunctionHost
  /** The result of one invocation. */
  call(event?: Readonly<Record<string, unknown>>): Promise<unknown>
  invoke(event?: Readonly<Record<string, unknown>>): Promise<InvokeResult>
}

/**
 * A host with one function, closed at the end of the test. `code`: all of index.js, or the body of an async handler
 * with `event`. Loopback is open to it unless the options say otherwise.
 */
export async function deploy(
  code: string,
  network: HostNetworkOptions = {},
  options: FunctionHostOptions = {},
): Promise<Deployed> {
  const host = new FunctionHost({ ...options, network: { private: true, ...network } })
  onTestFinished(() => host.close())
  const text = code.includes('exports.main') ? code : `exports.main = async event => {\n${code}\n}`
  await host.deploy('f', { files: { 'index.js': text } })
  const invoke = (event: Readonly<Record<string, unknown>> = {}): Promise<InvokeResult> =>
    host.invoke('f', event)
  return { host, invoke, call: async event => (await invoke(event)).result }
}
