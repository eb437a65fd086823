/** The only file that imports isolated-vm: what of it we use, under its own names. */
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import type ivm from 'isolated-vm'

export const { Callback, ExternalCopy, Isolate } = loadNative()
export type NativeIsolate = ivm.Isolate
export type NativeContext = ivm.Context
export type NativeReference<T = unknown> = ivm.Reference<T>
export type Snapshot = ivm.ExternalCopy<ArrayBuffer>
/** compileScript sets these on the script it returns; the package's types leave them out. */
export type CompiledScript = ivm.Script & ivm.CachedDataResult
export type CachedData = ivm.ExternalCopy<ArrayBuffer>
/** A text outside of any isolate's heap. */
export type SharedText = ivm.ExternalCopy<string>
/** Bytes copied out of this isolate, to be passed as an argument to another. */
export type BytesCopy = ivm.Copy<ArrayBuffer>

/** Without a binary for this machine the native error is a page of paths; say what is the matter instead. */
function loadNative(): typeof ivm {
  // V8 would compile a guest's functions on threads of Node's too. When the guest's memory runs out there, isolated-vm
  // doesn't know whose it was, and aborts the process (native-notes/memory.md).
  setFlagsFromString('--no-concurrent-sparkplug')
  try {
    return createRequire(import.meta.url)('isolated-vm') as typeof ivm
  } catch (cause) {
    throw new Error(
      `isolated-vm has no binary for Node ${process.versions.node} on ${process.platform} ${process.arch}. ` +
        'cloudlet needs Node 24 or newer on Linux x64 or arm64, macOS arm64, or Windows x64.',
      { cause },
    )
  }
}
