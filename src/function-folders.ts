import { readdirSync, statSync } from 'node:fs'
import { InvalidOptionError } from './errors.ts'

/**
 * Names of the function folders in a directory, sorted: every folder but node_modules and those whose name
 * starts with a dot.
 *
 * @throws {InvalidOptionError} when the directory does not exist.
 */
export function listFunctionFolders(directory: string): string[] {
  if (typeof directory !== 'string') throw new InvalidOptionError('directory', 'Give the path of a folder.')
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new InvalidOptionError('directory', `The folder "${directory}" does not exist.`)
  }
  return readdirSync(directory, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map(entry => entry.name)
    .sort()
}
