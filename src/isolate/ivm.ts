/** The only file that imports isolated-vm: what of it we use, under its own names. */
import { createRequire } from 'node:module'
import type ivm from 'isolated-vm'

const require = createRequire(import.meta.url)

export const { Callback, ExternalCopy, Isolate } = loadNative()
export const IVM_VERSION = (require('isolated-vm/package.json') as { version: string }).version
export type NativeIsolate = ivm.Isolate
export type NativeContext = ivm.Context
export type NativeReference<T = unknown> = ivm.Reference<T>
export type Snapshot = ivm.ExternalCopy<ArrayBuffer>
/** compileScript sets these on the script it returns; the package's types leave them out. */
export type CompiledScript = ivm.Script & ivm.CachedDataResult & { readonly cachedDataRejected?: boolean }
export type CachedData = ivm.ExternalCopy<ArrayBuffer>
/** A text outside of any isolate's heap. */
export type SharedText = ivm.ExternalCopy<string>
/** Bytes copied out of this isolate, to be passed as an argument to another. */
export type BytesCopy = ivm.Copy<ArrayBuffer>

/** Memory that the isolate it is passed to shares with this one. */
export type SharedCopy = ivm.Copy<SharedArrayBuffer>

/** Without a binary for this machine the native error is a page of paths; say what is the matter instead. */
function loadNative(): typeof ivm {
  try {
    return require('isolated-vm') as typeof ivm
  } catch (cause) {
    throw new Error(
      `isolated-vm has no binary for Node ${process.versions.node} on ${process.platform} ${process.arch}. ` +
        'cloudlet needs Node 24 or newer on Linux x64 or arm64, macOS arm64, or Windows x64.',
      { cause },
    )
  }
}
