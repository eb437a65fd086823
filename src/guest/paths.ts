import { GUEST_ROOT } from '../protocol/bridge.ts'
import {
  StringEndsWith,
  StringLastIndexOf,
  StringSlice,
  StringSplit,
  StringStartsWith,
} from './intrinsics.ts'

export function isPath(specifier: string): boolean {
  return (
    specifier === '.' ||
    specifier === '..' ||
    StringStartsWith(specifier, './') ||
    StringStartsWith(specifier, '../') ||
    StringStartsWith(specifier, '/')
  )
}

/** `a/b` + `../c` → `a/c`; never above the root. */
export function joinPath(folder: string, specifier: string): string {
  const parts = StringSplit(`${folder}/${specifier}`, '/')
  const kept: string[] = []
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as string
    if (part === '' || part === '.') continue
    if (part === '..') kept.length = kept.length > 0 ? kept.length - 1 : 0
    else kept[kept.length] = part
  }
  let path = ''
  for (let index = 0; index < kept.length; index++) path += `/${kept[index]}`
  return path
}

export function folderOf(path: string): string {
  return StringSlice(path, 0, StringLastIndexOf(path, '/'))
}

/** The node_modules folders a module in `folder` looks into, nearest first, as in Node but not above the function. */
export function searchPaths(folder: string): string[] {
  const paths: string[] = []
  let current = folder
  while (StringStartsWith(current, GUEST_ROOT)) {
    if (!StringEndsWith(current, '/node_modules')) paths[paths.length] = `${current}/node_modules`
    current = folderOf(current)
  }
  return paths
}
