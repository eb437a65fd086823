import { guardFunctionText } from './guard.ts'
import { guardArguments } from './guard-arguments.ts'
import { guardItems } from './guard-items.ts'
import { guardJson } from './guard-json.ts'
import { guardLocales } from './guard-locales.ts'
import { guardTexts } from './guard-texts.ts'

/**
 * Puts guards before the built-ins that would hold a thread for minutes or for good. Those of docs/threat-model.md,
 * and no others: each costs its caller some nanoseconds. The runtime's own files use what intrinsics.ts captured.
 */
export function installGuards(): void {
  guardFunctionText()
  guardItems()
  guardTexts()
  guardLocales()
  guardArguments()
  guardJson()
}
