import type { ModuleCode, ModuleWrapper } from '../protocol/bridge.ts'
import { RegExpExec, StringEndsWith, StringStartsWith } from './intrinsics.ts'

/** Where functions write. */
const FOLDER = '/tmp/'

/** Without Node's library it can't have written any. */
let writtenText: (path: string) => string | undefined = () => undefined

/** Takes what reads a file's text; undefined where there is none. */
export function readWrittenWith(read: (path: string) => string | undefined): void {
  writtenText = read
}

/** Whether the function has written a file of this path, which it may then require. */
export function isWritten(path: string): boolean {
  return StringStartsWith(path, FOLDER) && writtenText(path) !== undefined
}

/**
 * The code of a file that the function wrote, as it is now. What is no JavaScript throws its SyntaxError; in stack
 * traces the file has its path.
 */
export function readWritten(path: string): ModuleCode | undefined {
  if (!StringStartsWith(path, FOLDER)) return undefined
  const text = writtenText(path)
  if (text === undefined) return undefined
  if (StringEndsWith(path, '.json')) return { json: text }
  // In its first line, so that places in it are places in the file.
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${text}\n})`
  return indirectEval(`${wrapped}\n//# sourceURL=${scriptName(path)}`) as ModuleWrapper
}

/** V8 takes no name with spaces or quotes. */
function scriptName(path: string): string {
  let name = ''
  for (let index = 0; index < path.length; index++) {
    const letter = path[index] as string
    name += RegExpExec(UNFIT, letter) === null ? letter : '_'
  }
  return name
}

const UNFIT = /[\s"']/
// biome-ignore lint/security/noGlobalEval: it is the function's own code, and evaluates as its files do.
const indirectEval = eval
