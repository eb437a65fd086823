import { IsolateCrashedError } from '../errors.ts'
import type { FromCell } from '../protocol/cell.ts'

type Compiled = Extract<FromCell, readonly ['compiled', ...unknown[]]>

/** What a compiler answered, as JSON text, and the code it made. */
export interface CompileAnswer {
  readonly answer: string | null
  readonly code: Uint8Array | null
}

/** Requests to compilers in one cell that have no answer yet. */
export class CompileTasks {
  readonly #tasks = new Map<number, PromiseWithResolvers<CompileAnswer>>()
  #count = 0

  get size(): number {
    return this.#tasks.size
  }

  add(): { readonly id: number; readonly answer: Promise<CompileAnswer> } {
    const id = ++this.#count
    const task = Promise.withResolvers<CompileAnswer>()
    this.#tasks.set(id, task)
    return { id, answer: task.promise }
  }

  settle([, id, answer, code, problem]: Compiled): void {
    const task = this.#tasks.get(id)
    this.#tasks.delete(id)
    if (problem === null) task?.resolve({ answer, code })
    else task?.reject(new Error(problem))
  }

  failAll(why: string): void {
    for (const task of this.#tasks.values()) task.reject(new IsolateCrashedError(why))
    this.#tasks.clear()
  }
}
