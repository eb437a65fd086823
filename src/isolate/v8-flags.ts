import { setFlagsFromString } from 'node:v8'

let isSet = false

/**
 * Sets the one V8 flag that hosting isolates takes, once and for the whole process. With it off, V8 compiles baseline
 * code on the isolate's own thread. On another thread it allocates in the isolate's heap, and when that is full,
 * it aborts the process: isolated-vm's answer to a full heap works on the isolate's thread alone
 * (native-notes/memory.md).
 */
export function setV8Flags(): void {
  if (isSet) return
  isSet = true
  setFlagsFromString('--no-concurrent-sparkplug')
}
