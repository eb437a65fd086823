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
  apply(...args) {
    refuse('Function.prototype.apply', args[1])
    return callBuiltin(functionApply, this, args)
  },
}

const reflections: Record<string, Guard> = {
  apply(...args) {
    refuse('Reflect.apply', args[2])
    return callBuiltin(reflectApply, this, args)
  },
  construct(...args) {
    refuse('Reflect.construct', args[1])
    return callBuiltin(construct, this, args)
  },
}

const templates: Record<string, Guard> = {
  raw(...args) {
    const template = args[0]
    if (template !== null && template !== undefined) {
      refuseLong('String.raw', (template as { readonly raw?: unknown }).raw, LIMITS.builtinItems)
    }
    return callBuiltin(raw, this, args)
  },
}
