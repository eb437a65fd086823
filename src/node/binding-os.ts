import type { Binding, Realm } from './realm.ts'

const VARIABLES_OF_TEMP = ['TMPDIR', 'TMP', 'TEMP']
const MEGABYTE = 1024 * 1024

/**
 * `os`: a small Linux machine that is the function's own. None of it is read from the real one, but that time passes and
 * what memory the function may have.
 */
export function makeOsBinding({ environment, load }: Realm): Binding {
  const variable = (name: string): string | undefined =>
    (environment.process.env as Record<string, string | undefined>)[name]
  const homeDirectory = (): string => variable('HOME') ?? '/tmp'
  return {
    getOSInformation: () => ['Linux', '#1 SMP', '5.4.0', 'x86_64'],
    getHostname: () => 'localhost',
    getHomeDirectory: homeDirectory,
    getAvailableParallelism: () => 1,
    /** Model, megahertz and times of its one processor. */
    getCPUs: () => ['virtual', 0, 0, 0, 0, 0, 0],
    getTotalMem: () => environment.memoryBytes(),
    getFreeMem: () => Math.floor(environment.memoryBytes() / 2 / MEGABYTE) * MEGABYTE,
    getLoadAvg: (averages: Float64Array) => averages.fill(0),
    getUptime: () => Math.floor((Date.now() - environment.startMs()) / 1000) + 1,
    getInterfaceAddresses: () => ['lo', '127.0.0.1', '255.0.0.0', 'IPv4', '00:00:00:00:00:00', true, -1],
    getUserInfo: (options: { readonly encoding?: unknown } | null | undefined) => {
      const give = (text: string): unknown =>
        options?.encoding === 'buffer' ? load('buffer').Buffer.from(text) : text
      return { uid: 0, gid: 0, username: give('root'), homedir: give('/root'), shell: give('/bin/sh') }
    },
    getPriority: () => 0,
    setPriority: (_pid: number, _priority: number, context: Record<string, unknown>) => {
      Object.assign(context, {
        errno: -1,
        code: 'EPERM',
        message: 'operation not permitted',
        syscall: 'uv_os_setpriority',
      })
      return -1
    },
    isBigEndian: false,
  }
}

/** What of the process's environment Node's modules ask for themselves. */
export function makeCredentialsBinding({ environment }: Realm): Binding {
  const variables = (): Record<string, string | undefined> =>
    environment.process.env as Record<string, string | undefined>
  return {
    safeGetenv: (name: string) => variables()[name],
    getTempDir: () => {
      const path = VARIABLES_OF_TEMP.map(name => variables()[name]).find(
        value => value !== undefined && value !== '',
      )
      return path === undefined ? '/tmp' : path.length > 1 ? path.replace(/\/$/, '') : path
    },
    implementsPosixCredentials: false,
  }
}
