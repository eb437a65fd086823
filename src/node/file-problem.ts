/** What the file system refuses things with: libuv's name, its number on Linux, its text. */
const PROBLEMS = {
  EACCES: [-13, 'permission denied'],
  EBADF: [-9, 'bad file descriptor'],
  EBUSY: [-16, 'resource busy or locked'],
  EEXIST: [-17, 'file already exists'],
  EFBIG: [-27, 'file too large'],
  EINVAL: [-22, 'invalid argument'],
  EIO: [-5, 'i/o error'],
  EISDIR: [-21, 'illegal operation on a directory'],
  ELOOP: [-40, 'too many symbolic links encountered'],
  EMFILE: [-24, 'too many open files'],
  ENAMETOOLONG: [-36, 'name too long'],
  ENOENT: [-2, 'no such file or directory'],
  ENOSPC: [-28, 'no space left on device'],
  ENOTDIR: [-20, 'not a directory'],
  ENOTEMPTY: [-39, 'directory not empty'],
  ENOTSUP: [-95, 'operation not supported on socket'],
  EPERM: [-1, 'operation not permitted'],
  EROFS: [-30, 'read-only file system'],
  ESPIPE: [-29, 'invalid seek'],
  EXDEV: [-18, 'cross-device link not permitted'],
} as const satisfies Record<string, readonly [errno: number, text: string]>

export type ProblemCode = keyof typeof PROBLEMS

/** Thrown within the file system, where neither the system call nor the paths as the caller wrote them are known. */
export class FileProblem extends Error {
  readonly code: ProblemCode
  /** What Node's own text doesn't say. */
  readonly hint: string | undefined
  /** The system call to name, where it is not the one asked for. */
  readonly syscall: string | undefined

  constructor(code: ProblemCode, details: { readonly hint?: string; readonly syscall?: string } = {}) {
    super(code)
    this.code = code
    this.hint = details.hint
    this.syscall = details.syscall
  }
}

export function errnoOf(code: ProblemCode): number {
  return PROBLEMS[code][0]
}

/** The Error that Node makes of it: fields and message are the same, and in the same order. */
export function toSystemError(
  { code, hint }: FileProblem,
  syscall: string,
  path?: string,
  dest?: string,
): Error {
  const [errno, text] = PROBLEMS[code]
  let message = `${code}: ${text}, ${syscall}`
  if (path !== undefined) message += ` '${path}'`
  if (dest !== undefined) message += ` -> '${dest}'`
  if (hint !== undefined) message += ` (${hint})`
  const error = new Error(message) as Error & Record<string, unknown>
  error.errno = errno
  error.code = code
  error.syscall = syscall
  if (path !== undefined) error.path = path
  if (dest !== undefined) error.dest = dest
  return error
}
