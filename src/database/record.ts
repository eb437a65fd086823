import type { EncodedObject } from '../protocol/value.ts'

/** One document of a file that is imported, or why there is none. Lines count from 1. */
export type FileRecord =
  | { readonly line: number; readonly document: EncodedObject }
  | { readonly line: number; readonly problem: string }
