import { Cells } from './cells/cells.ts'
import { resolveLauncher } from './cells/launch.ts'
import { InvalidOptionError } from './errors.ts'
import { checkKnownOptions } from './known-options.ts'
import { checkRanges } from './option-ranges.ts'

export type Isolation = 'in-process' | 'process'
const ISOLATIONS: readonly Isolation[] = ['in-process', 'process']

export interface CellOptions {
  /**
   * Processes that functions share. One more is kept ready to replace any of them.
   * @default 2
   */
  readonly count?: number
  /**
   * Isolates in one process, at most; with 1 no two functions are in one process at the same time.
   * @default 200
   */
  readonly instancesPerCell?: number
  /**
   * Resident memory at which a process is replaced, in megabytes: more than any function may have. What the operating
   * system's own limit is stands in docs/threat-model.md.
   * @default 1024
   */
  readonly memoryMb?: number
  /**
   * Words put before the command that starts one: `['setpriv', '--no-new-privs']` or what else the system has to bound
   * a process with (docs/threat-model.md).
   * @default []
   */
  readonly launcher?: readonly string[]
}

export const CELL_DEFAULTS = Object.freeze({ count: 2, instancesPerCell: 200, memoryMb: 1024 })
const RANGES = { count: [1, 64], instancesPerCell: [1, 4000], memoryMb: [128, 1_048_576] } as const

/** @throws {InvalidOptionError} */
export function checkIsolation(isolation: unknown, cells: CellOptions | undefined): void {
  if (!ISOLATIONS.includes(isolation as Isolation)) {
    throw new InvalidOptionError('isolation', `isolation is one of ${ISOLATIONS.join(', ')}.`)
  }
  if (cells === undefined) return
  if (isolation !== 'process') {
    throw new InvalidOptionError('cells', "cells are for isolation: 'process'; without it there are none.")
  }
  checkKnownOptions('cells', cells, [...Object.keys(RANGES), 'launcher'])
  checkRanges('cells.', cells, RANGES)
  const { launcher = [] } = cells
  if (!Array.isArray(launcher) || launcher.some(word => typeof word !== 'string' || word === '')) {
    throw new InvalidOptionError(
      'cells.launcher',
      "cells.launcher is a list of words, e.g. ['nice', '-n', '5'].",
    )
  }
}

/**
 * The cells of a host with `isolation: 'process'`. No process is started yet.
 *
 * @throws {InvalidOptionError} for a launcher that is not in PATH.
 */
export function openCells(
  { isolation, cells }: { readonly isolation: Isolation; readonly cells?: CellOptions },
  onWarning: (message: string) => void,
): Cells | undefined {
  if (isolation === 'in-process') return undefined
  resolveLauncher(cells?.launcher ?? [])
  const defined = Object.fromEntries(Object.entries(cells ?? {}).filter(([, value]) => value !== undefined))
  return new Cells({ launcher: [], ...CELL_DEFAULTS, ...defined, onWarning })
}
