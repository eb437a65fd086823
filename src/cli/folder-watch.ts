import { type FSWatcher, watch } from 'node:fs'
import { sep } from 'node:path'

export interface FolderWatchOptions {
  /** Hears the names of the folders directly inside that had changes, once it has been quiet for `quietMs`. */
  readonly onChange: (names: ReadonlySet<string>) => void
  /** The system can't watch (any more): too many watches, or the folder is gone. */
  readonly onError: (error: Error) => void
  /**
   * Milliseconds without a change before `onChange`: an editor's save is several, an `npm install` thousands.
   * @default 150
   */
  readonly quietMs?: number
}

/** Watches a folder of folders, all the way down. Hidden files and editors' backups don't count. */
export class FolderWatch {
  readonly #watcher: FSWatcher
  readonly #options: FolderWatchOptions
  #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  /** @throws {Error} when the system can't watch the folder. */
  constructor(folder: string, options: FolderWatchOptions) {
    this.#options = options
    this.#watcher = watch(folder, { recursive: true }, (_event, path) => this.#note(path ?? ''))
    this.#watcher.on('error', error => {
      this.close()
      options.onError(error)
    })
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#watcher.close()
  }

  #note(path: string): void {
    const parts = path.split(sep)
    const [name = ''] = parts
    if (name === '' || parts.some(isIgnored)) return
    this.#changed.add(name)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const changed = this.#changed
      this.#changed = new Set()
      this.#options.onChange(changed)
    }, this.#options.quietMs ?? 150)
  }
}

function isIgnored(part: string): boolean {
  return part.startsWith('.') || part.endsWith('~')
}
