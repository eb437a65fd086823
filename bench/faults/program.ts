import { readdirSync, readFileSync } from 'node:fs'
import { CLASSES, classOf } from './classes.ts'

/** A function that is up to no good, or that ends badly for no fault of its own. */
export interface Program {
  /** From the root of the repository. */
  readonly path: string
  /** One of CLASSES. */
  readonly kind: string
  readonly source: string
  /** How a test of the program in-process says that it may end, where there is one. */
  readonly expected?: readonly string[]
  readonly timeoutMs: number
  readonly memoryMb: number
  /** Calls of one go; most are called once. */
  readonly calls: number
  /** So many of them at once. */
  readonly inFlight: number
  /** Instances of it at once. */
  readonly concurrency: number
  /** A text of such a length comes with each event. */
  readonly eventChars: number
}

const ROOT = new URL('../../', import.meta.url)
const OWN = 'bench/faults/programs'
const WEDGING = 'test/isolation/wedging'
const NETWORK = 'test/isolation/network'
const FOLDERS = [OWN, 'test/isolation/programs', WEDGING, NETWORK] as const

/** Not run here, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'test/isolation/network/dns-answer.js': 'asks a name server of its own',
  'test/isolation/network/dns-rebinding.js': 'asks a name server of its own',
  'test/isolation/network/foreign-sockets.js': 'is two invocations, with a role each',
}

/** One or two of each class that is worst to a host. */
const QUICK: readonly string[] = [
  'array-like-sort',
  'bigint-text',
  'built-ins-in-a-loop',
  'float16-result',
  'huge-result',
  'innocent-echo',
  'innocent-hello',
  'json-of-objects',
  'loop',
  'optimised-arrays',
  'process-exit',
  'text-object-keys',
  'text-replace',
  'thrown-message-getter-loops',
]

const LOOPS_MS = 500
const WEDGES_MS = 1000
const OWN_MS = 2000
/** Time for the memory limit to come first. */
const OTHERS_MS = 5000
const CONCURRENCY = 8
const MEMORY_MB = 32
const WEDGING_MEMORY_MB = 16

/**
 * Every program, by class. Headings are lines of comment in the file: `// timeoutMs: 500`.
 *
 * @throws {Error} for one without a class.
 */
export function readPrograms(): Program[] {
  const programs = FOLDERS.flatMap(folder =>
    readdirSync(new URL(`${folder}/`, ROOT))
      .filter(file => file.endsWith('.js') && LEFT_OUT[`${folder}/${file}`] === undefined)
      .sort()
      .map(file => readProgram(folder, file)),
  )
  return CLASSES.flatMap(kind => programs.filter(program => program.kind === kind))
}

export function nameOf({ path }: Pick<Program, 'path'>): string {
  return path.slice(path.lastIndexOf('/') + 1, -'.js'.length)
}

export function isQuick(program: Program): boolean {
  return QUICK.includes(nameOf(program))
}

function readProgram(folder: (typeof FOLDERS)[number], file: string): Program {
  const path = `${folder}/${file}`
  const source = readFileSync(new URL(path, ROOT), 'utf8')
  const number = (heading: string, otherwise: number): number =>
    Number(new RegExp(`^// ${heading}: (\\d+)$`, 'm').exec(source)?.[1] ?? otherwise)
  const [, said] = /^\/\/ class: (.+)\n/.exec(source) ?? []
  const kind = folder === OWN ? said : classOf(file.slice(0, -'.js'.length), folder)
  if (kind === undefined || !CLASSES.includes(kind)) throw new Error(`${path} is of no class.`)
  const isLoop = source.startsWith('// expect: CLOUDLET_DEADLINE\n')
  const usualMs = isLoop ? LOOPS_MS : folder === WEDGING ? WEDGES_MS : folder === OWN ? OWN_MS : OTHERS_MS
  const [, expected] = folder === NETWORK ? [] : (/^\/\/ expect: (.+)\n/.exec(source) ?? [])
  return {
    path,
    kind,
    source,
    ...(expected === undefined ? undefined : { expected: expected.split(' ') }),
    timeoutMs: number('timeoutMs', usualMs),
    memoryMb: number('memoryMb', folder === WEDGING ? WEDGING_MEMORY_MB : MEMORY_MB),
    calls: number('calls', 1),
    inFlight: number('inFlight', 1),
    concurrency: number('concurrency', CONCURRENCY),
    eventChars: number('eventChars', 0),
  }
}
