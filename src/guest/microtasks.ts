import { MICROTASKS } from '../protocol/bridge.ts'
import { ReflectApply, ReflectGet } from './intrinsics.ts'

const globals = globalThis as unknown as Record<string, unknown>
const steps = globals[MICROTASKS] as Generator<void, never>
const { next } = steps
delete globals[MICROTASKS]

/** Runs every microtask there is, and those that they bring, in the middle of a turn. Not to be called from one. */
export function runMicrotasks(): void {
  ReflectApply(next, steps, [])
  // If the isolate was ended meanwhile, V8 has dropped the other microtasks and goes on here as if nothing were: it
  // remembers the end when it has asked an accessor of its own, such as this one.
  ReflectGet(runMicrotasks, 'name')
}
