import { LIMITS } from '../limits.ts'
import { callBuiltin, place, placeConstructor, placeGuards, refuseLong } from './guard.ts'
import { FunctionHasInstance, ObjectDefineProperty, ReflectConstruct } from './intrinsics.ts'
import { type LocaleKind, makeCharged } from './locale-memory.ts'

/** Built-ins that take a list of locales, and which argument that is. */
const METHODS: readonly (readonly [holder: object, name: string, index: number])[] = [
  [BigInt.prototype, 'toLocaleString', 0],
  [Date.prototype, 'toLocaleDateString', 0],
  [Date.prototype, 'toLocaleString', 0],
  [Date.prototype, 'toLocaleTimeString', 0],
  [Intl, 'getCanonicalLocales', 0],
  [Number.prototype, 'toLocaleString', 0],
  [String.prototype, 'localeCompare', 1],
  [String.prototype, 'toLocaleLowerCase', 0],
  [String.prototype, 'toLocaleUpperCase', 0],
]

const CONSTRUCTORS: readonly LocaleKind[] = [
  'Collator',
  'DateTimeFormat',
  'DisplayNames',
  'DurationFormat',
  'ListFormat',
  'NumberFormat',
  'PluralRules',
  'RelativeTimeFormat',
  'Segmenter',
  'v8BreakIterator',
]

type Constructors = Readonly<Record<string, { readonly prototype: object } | undefined>>

/**
 * Lists of locales, which V8 reads to their end, and compares each with all, without a look at the deadline; and what
 * stands behind objects of Intl in no heap of V8's (locale-memory.ts).
 */
export function guardLocales(): void {
  guardSegments()
  for (let index = 0; index < METHODS.length; index++) guardMethod(...(METHODS[index] as (typeof METHODS)[0]))
  for (let index = 0; index < CONSTRUCTORS.length; index++)
    guardConstructor(CONSTRUCTORS[index] as LocaleKind)
}

function guardSegments(): void {
  const { prototype } = Intl.Segmenter
  const { segment } = prototype
  const segments = Object.getPrototypeOf(new Intl.Segmenter('en').segment('')) as Iterable<unknown>
  const iterate = segments[Symbol.iterator]
  const guards = {
    [Symbol.iterator](this: unknown, ...args: unknown[]) {
      return makeCharged('SegmentIterator', () => callBuiltin(iterate, this, args))
    },
  }
  place(segments, Symbol.iterator, guards[Symbol.iterator])
  placeGuards(prototype, {
    segment(...args) {
      return makeCharged('Segments', () => callBuiltin(segment, this, args))
    },
  })
}

function guardMethod(holder: object, name: string, localesIndex: number): void {
  const original: unknown = Reflect.get(holder, name)
  placeGuards(holder, {
    [name](...args) {
      refuseLong(name, args[localesIndex], LIMITS.builtinLocales)
      return callBuiltin(original, this, args)
    },
  })
}

function guardConstructor(name: LocaleKind): void {
  const native = (Intl as unknown as Constructors)[name]
  if (native === undefined) return
  guardMethod(native, 'supportedLocalesOf', 0)
  placeConstructor(Intl, name, {
    apply: (target, self, args: unknown[]) => {
      refuseLong(name, args[0], LIMITS.builtinLocales)
      if (name !== 'DateTimeFormat' && name !== 'NumberFormat')
        return makeCharged(name, () => callBuiltin(target, self, args))
      return chain(
        target,
        self,
        makeCharged(name, () => ReflectConstruct(target, args, target)),
      )
    },
    construct: (target, args: unknown[], newTarget) => {
      refuseLong(name, args[0], LIMITS.builtinLocales)
      return makeCharged(name, () => ReflectConstruct(target, args, newTarget))
    },
  })
}

/** Under which two constructors, called on an object of theirs, put what they make into that. */
const [CONSTRUCTED] = Object.getOwnPropertySymbols(
  Reflect.apply(Intl.NumberFormat, Object.create(Intl.NumberFormat.prototype), []),
)

/** As those do (ECMA-402, ChainNumberFormat). By hand: what the object that was called on hides is charged before. */
function chain(maker: object, self: unknown, made: object): unknown {
  if (!FunctionHasInstance(maker, self)) return made
  ObjectDefineProperty(self as object, CONSTRUCTED as symbol, { value: made })
  return self
}
