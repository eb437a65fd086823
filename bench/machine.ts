import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

/** What a result was measured on. */
export interface Machine {
  readonly node: string
  readonly v8: string
  readonly isolatedVm: string
  readonly platform: string
  readonly cpuModel: string
  readonly coreCount: number
  readonly memoryMb: number
}

/** More of the cores than this in other processes' hands, and a result is no longer about us. */
export const FOREIGN_CPU_SHARE_MAX = 0.15

export function describeMachine(): Machine {
  const manifest: unknown = JSON.parse(
    readFileSync(fileURLToPath(import.meta.resolve('isolated-vm/package.json')), 'utf8'),
  )
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return {
    node: process.version,
    v8: process.versions.v8,
    isolatedVm: version ? String(manifest.version) : 'unknown',
    platform: `${process.platform} ${process.arch}`,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    coreCount: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1_048_576),
  }
}

/** Load average of the last minute, in runnable threads. Always 0 on Windows. */
export function readLoad(): number {
  return loadavg()[0] ?? 0
}

/** Measures how much of the machine other processes use from now on. */
export class ForeignCpu {
  readonly #startMs = performance.now()
  readonly #startBusyMs = readBusyMs()
  readonly #readOwnMs: () => number
  readonly #startOwnMs: number

  /** `readOwnMs`: the CPU time of what is not foreign, so far; by default that of this process. */
  constructor(readOwnMs = readProcessMs) {
    this.#readOwnMs = readOwnMs
    this.#startOwnMs = readOwnMs()
  }

  /** Their share of all cores since this was made, from 0 to 1. */
  share(): number {
    const foreignMs = readBusyMs() - this.#startBusyMs - (this.#readOwnMs() - this.#startOwnMs)
    return Math.max(0, foreignMs / ((performance.now() - this.#startMs) * cpus().length))
  }
}

function readProcessMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** CPU time all processes have used, in milliseconds, without those that give way to others, as awake.ts does. */
function readBusyMs(): number {
  let busyMs = 0
  for (const { times } of cpus()) busyMs += times.user + times.sys + times.irq
  return busyMs
}

/** Memory maps of this process, of which the kernel allows 65,530. NaN where the system doesn't tell. */
export function countMemoryMaps(): number {
  const path = '/proc/self/maps'
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : Number.NaN
}
