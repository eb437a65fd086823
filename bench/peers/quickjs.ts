import type { QuickJSContext, QuickJSWASMModule } from 'quickjs-emscripten'
import { MEMORY_MB } from '../functions.ts'
import type { LoadedFunction, Peer } from './peer.ts'
import { SourceTable } from './source-table.ts'

/** A runtime and a context each, in one WebAssembly module, with values as JSON. Its calls run where they are made. */
export const quickjs: Peer = {
  name: 'quickjs-emscripten',
  place: "a heap each, on the host's thread",
  densityCount: 100,
  start: async () => {
    const { getQuickJS } = await import('quickjs-emscripten')
    const wasm = await getQuickJS()
    const sources = new SourceTable()
    return {
      deploy: async (name, source) => sources.set(name, source),
      load: async name => loadContext(wasm, sources.get(name)),
      close: async () => {},
    }
  },
}

function loadContext(wasm: QuickJSWASMModule, source: string): LoadedFunction {
  const runtime = wasm.newRuntime()
  runtime.setMemoryLimit(MEMORY_MB * 1024 * 1024)
  const context = runtime.newContext()
  const handler = context.unwrapResult(
    context.evalCode(
      `(() => { const exports = {}; ${source}
      return async text => JSON.stringify(await exports.main(JSON.parse(text), {})) })()`,
    ),
  )
  return {
    call: async event => {
      using text = context.newString(JSON.stringify(event))
      using promise = context.unwrapResult(context.callFunction(handler, context.undefined, text))
      return JSON.parse(await settle(context, promise))
    },
    unload: async () => {
      handler.dispose()
      context.dispose()
      runtime.dispose()
    },
  }
}

/** Runs the guest's pending jobs until its promise is settled. */
async function settle(
  context: QuickJSContext,
  promise: ReturnType<QuickJSContext['newString']>,
): Promise<string> {
  const resolved = context.resolvePromise(promise)
  context.unwrapResult(context.runtime.executePendingJobs())
  using text = context.unwrapResult(await resolved)
  return context.getString(text)
}
