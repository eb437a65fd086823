import { DeployError } from '../errors.ts'
import type { SourceTree } from '../source-tree.ts'
import type { ModuleResolver } from './resolver.ts'

/** The platform's own name for it first (wxcloud-spec §1.1). */
export const ENTRY_NAMES = [
  'index.js',
  'index.mjs',
  'index.cjs',
  'index.ts',
  'index.mts',
  'index.cts',
] as const

/**
 * The file a function starts with: the first of ENTRY_NAMES there is, or what its package.json has as "main".
 *
 * @throws {DeployError} when there is none.
 */
export function findEntry(functionName: string, tree: SourceTree, resolver: ModuleResolver): string {
  const name = ENTRY_NAMES.find(candidate => tree.kindOf(`/${candidate}`) === 'file')
  if (name !== undefined) return `/${name}`
  const main = readMain(tree)
  if (main !== undefined) {
    const found = resolver.resolve('/package.json', `./${main}`, 'require')
    if (found.kind === 'file') return found.path
  }
  const names = tree.list('/').slice(0, 10).join(', ')
  const nothing = main === undefined ? '' : `, and "main" in its package.json, "${main}", is no file of it`
  throw new DeployError(
    functionName,
    `Function "${functionName}" has no index.js at its top level${names === '' ? ' (it is empty)' : ` (found: ${names})`}${nothing}. ` +
      'Add an index.js that sets exports.main, or an index.mjs or index.ts that exports main, ' +
      'or name the file to start with as "main" in package.json.',
    { file: 'index.js' },
  )
}

/** Whether it is worth looking for: a folder without an entry's name is no function. */
export function mayHaveEntry(tree: SourceTree): boolean {
  return ENTRY_NAMES.some(name => tree.kindOf(`/${name}`) === 'file') || readMain(tree) !== undefined
}

function readMain(tree: SourceTree): string | undefined {
  if (tree.kindOf('/package.json') !== 'file') return undefined
  try {
    const { main } = JSON.parse(tree.readText('/package.json')) as { main?: unknown }
    return typeof main === 'string' && main !== '' ? main : undefined
  } catch {
    // What npm can't read names no file either.
    return undefined
  }
}
