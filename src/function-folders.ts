import { readdirSync } from 'node:fs'
import { requireFolder } from './source-tree.ts'

/**
 * Names of the function folders in a directory, sorted: every folder but node_modules and those whose name
 * starts with a dot.
 *
 * @throws {InvalidOptionError} when the directory does not exist.
 */
export function listFunctionFolders(directory: string): string[] {
  requireFolder('directory', directory)
  return readdirSync(directory, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map(entry => entry.name)
    .sort()
}
