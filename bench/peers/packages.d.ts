// The part of each package that is used here: they are not installed with cloudlet, which is to be checked without them.

declare module 'quickjs-emscripten' {
  interface QuickJSHandle extends Disposable {
    dispose(): void
  }
  type QuickJSResult<T> = { readonly value: T } | { readonly error: QuickJSHandle }
  export interface QuickJSContext extends Disposable {
    readonly undefined: QuickJSHandle
    readonly runtime: QuickJSRuntime
    newString(text: string): QuickJSHandle
    getString(handle: QuickJSHandle): string
    evalCode(code: string): QuickJSResult<QuickJSHandle>
    callFunction(
      callee: QuickJSHandle,
      receiver: QuickJSHandle,
      ...args: QuickJSHandle[]
    ): QuickJSResult<QuickJSHandle>
    resolvePromise(promise: QuickJSHandle): Promise<QuickJSResult<QuickJSHandle>>
    unwrapResult<T>(result: QuickJSResult<T>): T
    dispose(): void
  }
  export interface QuickJSRuntime extends Disposable {
    setMemoryLimit(limitBytes: number): void
    newContext(): QuickJSContext
    executePendingJobs(): QuickJSResult<number>
    dispose(): void
  }
  export interface QuickJSWASMModule {
    newRuntime(): QuickJSRuntime
  }
  export function getQuickJS(): Promise<QuickJSWASMModule>
}

declare module 'miniflare' {
  export class Miniflare {
    constructor(options: {
      readonly modules: true
      readonly script: string
      readonly compatibilityDate: string
      readonly workerLoaders: Readonly<Record<string, object>>
      readonly serviceBindings: Readonly<Record<string, (request: { readonly url: string }) => Response>>
      readonly cf: false
      readonly host: string
      readonly port: number
    })
    readonly ready: Promise<URL>
    dispose(): Promise<void>
  }
}
