/** The only file that imports isolated-vm: what of it we use, under its own names. */
import ivm from 'isolated-vm'

export const { Callback, ExternalCopy, Isolate } = ivm
export type NativeIsolate = ivm.Isolate
export type NativeReference<T = unknown> = ivm.Reference<T>
export type Snapshot = ivm.ExternalCopy<ArrayBuffer>
/** compileScript sets these on the script it returns; the package's types leave them out. */
export type CompiledScript = ivm.Script & ivm.CachedDataResult
export type CachedData = ivm.ExternalCopy<ArrayBuffer>
/** Bytes copied out of this isolate, to be passed as an argument to another. */
export type BytesCopy = ivm.Copy<ArrayBuffer>
