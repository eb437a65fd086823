import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { InvalidOptionError } from '../errors.ts'

/** Where a command finds functions, and what their project says. Paths are absolute. */
export interface FunctionsFolder {
  /** Holds one folder per function. */
  readonly path: string
  /** Where `.cloudlet` goes: the mini-program's project, or the folder that holds this one. */
  readonly home: string
  /** From project.config.json. */
  readonly appid?: string
}

const PROJECT_FILE = 'project.config.json'

/**
 * Takes a folder of functions, or the root of a mini-program project, whose project.config.json then names
 * the folder in `cloudfunctionRoot`.
 *
 * @throws {InvalidOptionError} when there is no such folder or the project file can't be used.
 */
export async function findFunctionsFolder(given: string): Promise<FunctionsFolder> {
  const folder = resolve(given)
  await requireFolder(folder, `The folder "${given}"`)
  const project = await readProject(folder)
  if (project === undefined) return { path: folder, home: dirname(folder) }
  const { cloudfunctionRoot, appid } = project
  if (typeof cloudfunctionRoot !== 'string' || cloudfunctionRoot === '') {
    throw new InvalidOptionError(
      'folder',
      `${join(folder, PROJECT_FILE)} has no "cloudfunctionRoot". Add it, or name the folder that holds the functions.`,
    )
  }
  const path = resolve(folder, cloudfunctionRoot)
  await requireFolder(path, `The cloudfunctionRoot "${cloudfunctionRoot}" of ${PROJECT_FILE}`)
  return { path, home: folder, ...(typeof appid === 'string' && appid !== '' ? { appid } : {}) }
}

async function requireFolder(path: string, subject: string): Promise<void> {
  const found = await stat(path).catch(ignoreMissing)
  if (found === undefined) throw new InvalidOptionError('folder', `${subject} does not exist.`)
  if (!found.isDirectory()) throw new InvalidOptionError('folder', `${subject} is not a folder.`)
}

async function readProject(folder: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const file = join(folder, PROJECT_FILE)
  const text = await readFile(file, 'utf8').catch(ignoreMissing)
  if (text === undefined) return undefined
  const project = parseProject(file, text)
  if (typeof project === 'object' && project !== null) return { ...project }
  throw new InvalidOptionError('folder', `${file} must hold a JSON object.`)
}

function parseProject(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InvalidOptionError('folder', `${file} is not valid JSON: ${reason}.`)
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
    return undefined
  }
  throw error
}
