import { askHost } from './ask.ts'
import { callBuiltin, placeConstructor, placeGuards } from './guard.ts'
import { FunctionHasInstance, ReflectConstruct } from './intrinsics.ts'

/** What is used of it here. It is none of the language, and of TypeScript's library only in browsers. */
interface WebAssembly {
  readonly Instance: object
  readonly validate: unknown
  promising?: unknown
  Suspending?: unknown
  SuspendError?: unknown
}

const DEMANDING: ProxyHandler<object> = {
  construct(target, args: unknown[], newTarget) {
    demandGrant()
    return ReflectConstruct(target, args, newTarget)
  },
}

let isGranted = false

/**
 * Puts the host's leave before WebAssembly, asked for when something is to be compiled or allocated the first time.
 * What is compiled is so at once: V8 would do it on other threads, and tell the isolate by a task that waits for the
 * next entry, which comes when the invocation is answered or never. Without the switching of stacks: V8 ends the process
 * when it can't have another stack (native-notes/webassembly.md).
 */
export function guardWebAssembly(native: object): object {
  const webAssembly = native as WebAssembly
  const { Instance, validate } = webAssembly
  // What compiles something, or takes memory that V8 allocates by itself.
  const Module = placeConstructor(native, 'Module', DEMANDING)
  placeConstructor(native, 'Memory', DEMANDING)
  placeConstructor(native, 'Tag', DEMANDING)
  const compile = (bytes: unknown, options: unknown): object =>
    ReflectConstruct(Module, [bytes, options], Module)
  const instantiate = (module: unknown, imports: unknown): object =>
    ReflectConstruct(Instance, [module, imports], Instance)
  placeGuards(native, {
    // Whoever looks what can be compiled hears that nothing can.
    validate(...args) {
      return isAllowed() && callBuiltin(validate, this, args)
    },
    async compile(bytes, options) {
      return compile(bytes, options)
    },
    async instantiate(source, imports, options) {
      if (FunctionHasInstance(Module, source)) return instantiate(source, imports)
      const module = compile(source, options)
      return { module, instance: instantiate(module, imports) }
    },
  })
  delete webAssembly.promising
  delete webAssembly.Suspending
  delete webAssembly.SuspendError
  return native
}

/** @throws what the host refuses with. */
function demandGrant(): void {
  if (isGranted) return
  askHost('webAssembly.use', {})
  isGranted = true
}

function isAllowed(): boolean {
  try {
    demandGrant()
    return true
  } catch {
    return false
  }
}
