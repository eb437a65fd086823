import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

export interface LaunchOptions {
  readonly memoryMb: number
  readonly launcher: readonly string[]
}
export function launchCell(_: LaunchOptions): { process: ChildProcess; channel: Socket } {
  const isSource = import.meta.url.endsWith('.ts')
  const script = fileURLToPath(new URL(isSource ? 'main.ts' : 'main.js', import.meta.url))
  const child = spawn(process.execPath, ['--no-node-snapshot', script], {
    env: {},
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  return { process: child, channel: child.stdio[3] as Socket }
}
