// biome-ignore-all lint/complexity/noArguments: rest parameters would change the functions' length, and defining it costs each instance half a kilobyte.
import { LIMITS } from '../limits.ts'
import { callBuiltin, type Guard, placeGuards, refuseLong } from './guard.ts'

const { apply: functionApply } = Function.prototype
const { apply: reflectApply, construct } = Reflect
const { raw } = String

/** Built-ins that are given a list and read all of it without a look at the deadline. */
export function guardArguments(): void {
  placeGuards(Function.prototype, calls)
  placeGuards(Reflect, reflections)
  placeGuards(String, templates)
}

/** More arguments than the stack holds are refused by V8 too, but only when all of them are read. */
function refuse(name: string, list: unknown): void {
  if (typeof list === 'object') refuseLong(name, list, LIMITS.builtinArguments)
}

const calls: Record<string, Guard> = {
  apply(_self, list) {
    refuse('Function.prototype.apply', list)
    return callBuiltin(functionApply, this, arguments)
  },
}

const reflections: Record<string, Guard> = {
  apply(_target, _self, list) {
    refuse('Reflect.apply', list)
    return callBuiltin(reflectApply, this, arguments)
  },
  construct(_target, list) {
    refuse('Reflect.construct', list)
    return callBuiltin(construct, this, arguments)
  },
}

const templates: Record<string, Guard> = {
  raw(template) {
    if (template !== null && template !== undefined) {
      refuseLong('String.raw', (template as { readonly raw?: unknown }).raw, LIMITS.builtinItems)
    }
    return callBuiltin(raw, this, arguments)
  },
}
