import type { CompiledProgram } from '../isolate/compile.ts'
import type { RuntimeKind } from '../isolate/runtime-kind.ts'
import { snapshotBytes } from '../isolate/snapshot.ts'
import type { ToCell } from '../protocol/cell.ts'

/** What a cell has been given that isolates are made of: each once. */
export class Supplies {
  readonly #post: (message: ToCell) => void
  readonly #snapshots = new Set<RuntimeKind>()
  readonly #programs = new Map<CompiledProgram, number>()
  #programCount = 0

  constructor(post: (message: ToCell) => void) {
    this.#post = post
  }

  /** Before isolates of that kind are made. */
  needSnapshot(runtime: RuntimeKind): void {
    if (this.#snapshots.has(runtime)) return
    this.#snapshots.add(runtime)
    this.#post(['snapshot', runtime, snapshotBytes(runtime)])
  }

  /** The number by which the cell knows a program, which it has from then on. */
  programOf(program: CompiledProgram): number {
    let id = this.#programs.get(program)
    if (id === undefined) {
      id = ++this.#programCount
      this.#programs.set(program, id)
      this.#post(['program', id, program.source, program.code ?? null, program.places ?? null])
    }
    return id
  }

  forget(program: CompiledProgram): void {
    const id = this.#programs.get(program)
    if (id === undefined) return
    this.#programs.delete(program)
    this.#post(['forget', id])
  }
}
