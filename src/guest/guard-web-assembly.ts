import { askHost } from './ask.ts'
import { callBuiltin, place, placeGuards } from './guard.ts'
import {
  FunctionHasInstance,
  ObjectCreate,
  ObjectDefineProperty,
  ProxyCtor,
  ReflectConstruct,
} from './intrinsics.ts'

type Constructor = object & { readonly prototype: object }

/** What is used of it here. It is none of the language, and of TypeScript's library only in browsers. */
interface WebAssembly {
  readonly Module: Constructor
  readonly Instance: Constructor
  readonly Memory: Constructor
  readonly Tag: Constructor
  readonly validate: unknown
  promising?: unknown
  Suspending?: unknown
  SuspendError?: unknown
}

/** What compiles something, or takes memory that V8 allocates by itself. */
const GUARDED = ['Module', 'Memory', 'Tag'] as const

let isGranted = false

/**
 * Puts the host's leave before WebAssembly, asked for when something is to be compiled or allocated the first time.
 * What is compiled is so at once: V8 would do it on other threads, and tell the isolate by a task that waits for the
 * next entry, which comes when the invocation is answered or never. Without the switching of stacks: V8 ends the process
 * when it can't have another stack (native-notes/webassembly.md).
 */
export function guardWebAssembly(native: object): object {
  const webAssembly = native as WebAssembly
  const { Module, Instance, validate } = webAssembly
  for (let index = 0; index < GUARDED.length; index++) {
    guardConstructor(webAssembly, GUARDED[index] as (typeof GUARDED)[number])
  }
  const compile = (bytes: unknown, options: unknown): object => {
    demandGrant()
    return ReflectConstruct(Module, [bytes, options], Module)
  }
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

/** A proxy stays what the constructor was: it can be subclassed, and called without `new` it throws. */
function guardConstructor(webAssembly: WebAssembly, name: (typeof GUARDED)[number]): void {
  const native = webAssembly[name]
  // Without a prototype: what user code puts on Object.prototype must not become a trap.
  const traps = ObjectCreate(null) as ProxyHandler<object>
  traps.construct = (target, args: unknown[], newTarget) => {
    demandGrant()
    return ReflectConstruct(target, args, newTarget)
  }
  const guard = new ProxyCtor(native, traps)
  place(webAssembly, name, guard)
  ObjectDefineProperty(native.prototype, 'constructor', { value: guard })
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
