import ivm from 'isolated-vm'

/** What the guest may call on the host: one function with one string, answered by a promise. */
export type RawHostCall = (argument: string) => Promise<unknown>

/**
 * The floor: what anyone gets from plain isolated-vm, with no runtime, limits, logs or errors around it. A new
 * isolate, a context, the source compiled and run, and calls by `apply` with structured copies both ways.
 */
export class RawFunction {
  readonly #isolate: ivm.Isolate
  readonly #handler: ivm.Reference<(event: unknown) => unknown>

  private constructor(isolate: ivm.Isolate, handler: ivm.Reference<(event: unknown) => unknown>) {
    this.#isolate = isolate
    this.#handler = handler
  }

  /** Loads the same CommonJS source that a cloud function has. `hostCall`, if given, is the global of that name. */
  static async load(source: string, memoryMb: number, hostCall?: RawHostCall): Promise<RawFunction> {
    const isolate = new ivm.Isolate({ memoryLimit: memoryMb })
    const context = await isolate.createContext()
    if (hostCall !== undefined) await context.global.set('hostCall', new ivm.Reference(hostCall))
    const script = await isolate.compileScript(
      `(function () { const exports = {}; ${source}\n; return exports.main })()`,
    )
    const handler: ivm.Reference<(event: unknown) => unknown> = await script.run(context, { reference: true })
    return new RawFunction(isolate, handler)
  }

  call(event: unknown): Promise<unknown> {
    return this.#handler.apply(undefined, [event], {
      arguments: { copy: true },
      result: { promise: true, copy: true },
    })
  }

  dispose(): void {
    this.#isolate.dispose()
  }
}
