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

/** Isolates side by side; calls go round them. */
export class RawIsolates {
  readonly #functions: readonly RawFunction[]
  #turn = 0

  private constructor(functions: readonly RawFunction[]) {
    this.#functions = functions
  }

  static async load(
    sourceOf: (number: number) => string,
    count: number,
    memoryMb: number,
  ): Promise<RawIsolates> {
    const functions: RawFunction[] = []
    for (let number = 0; number < count; number++)
      functions.push(await RawFunction.load(sourceOf(number), memoryMb))
    return new RawIsolates(functions)
  }

  call(event: unknown): Promise<unknown> {
    const next = this.#functions[this.#turn++ % this.#functions.length]
    if (next === undefined) throw new RangeError('There is no isolate to call.')
    return next.call(event)
  }

  dispose(): void {
    for (const raw of this.#functions) raw.dispose()
  }
}
