import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type LaunchOptions, launchCell } from '../../src/cells/launch.ts'
import { InvalidOptionError } from '../../src/errors.ts'
import { Standin } from './standin-client.ts'

const isLinux = process.platform === 'linux'
const cells: Standin[] = []

function start(options?: Partial<LaunchOptions>): Standin {
  const cell = new Standin(options)
  cells.push(cell)
  return cell
}

afterEach(async () => {
  await Promise.all(cells.splice(0).map(cell => cell.close()))
})

const ofProcess = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1')

describe('what a cell is given', () => {
  test('no environment, a folder that says nothing, and packages that work', async () => {
    const cell = start()
    const { pid, env, cwd, isMsgpackrNative } = await cell.ask('facts')
    expect(env).toEqual({})
    expect(cwd).toBe('/')
    expect(isMsgpackrNative).toBe(true)
    expect(pid).toBe(cell.pid)
    expect(await cell.ask('isolates', 1)).toBe(1)
    if (isLinux) expect(ofProcess(pid, 'environ')).toBe('')
  })

  test.runIf(isLinux)('no descriptors but its channel and those of its own event loops', async () => {
    const cell = start()
    await cell.ask('isolates', 1)
    const folder = `/proc/${cell.pid}/fd`
    const all = readdirSync(folder).map(name => [Number(name), readlinkSync(`${folder}/${name}`)] as const)
    const standard = all.filter(([descriptor]) => descriptor < 3).map(([, target]) => target)
    expect(standard).toEqual(['/dev/null', '/dev/null', '/dev/null'])
    const sockets = all.filter(([, target]) => target.startsWith('socket:'))
    expect(sockets.map(([descriptor]) => descriptor)).toEqual([3])
    // Wakes of event loops are pipes from the process to itself: both ends are here.
    const pipes = all.map(([, target]) => target).filter(target => target.startsWith('pipe:'))
    expect(pipes.filter(pipe => pipes.filter(other => other === pipe).length !== 2)).toEqual([])
    const own = /^(?:anon_inode:\[(?:eventfd|eventpoll|io_uring)\]|pipe:.*|socket:.*|\/dev\/null)$/
    expect(all.filter(([, target]) => !own.test(target))).toEqual([])
  })

  test('no rights to files, processes, the inspector and, where Node can deny it, the network', async () => {
    const cell = start()
    const denied = 'ERR_ACCESS_DENIED'
    expect(await cell.ask('read', '/etc/passwd')).toBe(denied)
    expect(await cell.ask('read', '/proc/self/root/etc/passwd')).toBe(denied)
    expect(await cell.ask('read', '/proc/self/environ')).toBe(denied)
    expect(await cell.ask('read', new URL('../../docs/limits.md', import.meta.url).pathname)).toBe(denied)
    expect(await cell.ask('read', new URL('../../package.json', import.meta.url).pathname)).toBe('done')
    expect(await cell.ask('write', new URL('./written', import.meta.url).pathname)).toBe(denied)
    expect(await cell.ask('spawn', '/bin/true')).toBe(denied)
    expect(await cell.ask('inspect')).toBe(denied)
    await using server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const isRestricted = process.allowedNodeEnvironmentFlags.has('--allow-net')
    expect(await cell.ask('connect', port)).toBe(isRestricted ? denied : 'done')
  })

  test.runIf(isLinux)('the limits of the system', async () => {
    const cell = start({ memoryMb: 300, maxIsolates: 9 })
    await cell.ask('facts')
    const limits = ofProcess(cell.pid, 'limits')
    const limitOf = (name: string): string[] | undefined =>
      new RegExp(`^Max ${name} +(\\S+) +(\\S+)`, 'm').exec(limits)?.slice(1)
    expect(limitOf('core file size')).toEqual(['0', '0'])
    expect(limitOf('file size')).toEqual(['0', '0'])
    expect(limitOf('open files')).toEqual(['64', '64'])
    const dataBytes = String((300 + 10 * 512) * 2 ** 20)
    expect(limitOf('data size')).toEqual([dataBytes, dataBytes])
    expect(ofProcess(cell.pid, 'oom_score_adj')).toBe('1000\n')
  })
})

describe.runIf(isLinux)('the limit of memory', () => {
  test('lets hundreds of isolates be', async () => {
    expect(await start({ memoryMb: 1024, maxIsolates: 200 }).ask('isolates', 200)).toBe(200)
  })

  test('refuses buffers past it, and the cell lives', async () => {
    const cell = start({ memoryMb: 256, maxIsolates: 1 })
    const got = await cell.ask('allocate', 8192)
    // What isolates that don't exist leave over can be had too: here the room of one.
    expect(got).toBeGreaterThan(256)
    expect(got).toBeLessThanOrEqual(256 + 512)
    expect((await cell.ask('facts')).cwd).toBe('/')
  })

  test('ends a cell that makes more isolates than it may, and nobody else', async () => {
    const other = start()
    const cell = start({ memoryMb: 256, maxIsolates: 4 })
    cell.tell('isolates', 40)
    expect(await cell.ended).toMatch(/^SIG(?:TRAP|ABRT|SEGV|ILL)$/)
    expect((await other.ask('facts')).cwd).toBe('/')
  })

  test('ends a cell that fills its heap, and nobody else', async () => {
    const other = start()
    const cell = start({ memoryMb: 256, maxIsolates: 1 })
    cell.tell('fillHeap')
    expect(await cell.ended).toMatch(/^SIG(?:TRAP|ABRT|SEGV|ILL)$/)
    expect((await other.ask('facts')).cwd).toBe('/')
  })
})

describe('a launcher', () => {
  test('stands before the command, and is found in PATH', async () => {
    expect((await start({ launcher: ['env', 'GIVEN=here'] }).ask('facts')).env).toEqual({ GIVEN: 'here' })
  })

  test.runIf(existsSync('/usr/bin/setpriv'))('lowers privileges', async () => {
    const cell = start({ launcher: ['setpriv', '--no-new-privs', '--inh-caps=-all'] })
    expect(await cell.ask('isolates', 1)).toBe(1)
    expect(ofProcess(cell.pid, 'status')).toMatch(/^NoNewPrivs:\t1$/m)
  })

  test('that fails is the end of the process', async () => {
    expect(await start({ launcher: ['/nowhere/launcher'] }).ended).toBe(127)
    expect(await start({ launcher: ['false'] }).ended).toBe(1)
  })
})

test.each([
  [{ memoryMb: 0 }, 'memoryMb must be a positive whole number, not 0.'],
  [{ memoryMb: 12.5 }, 'memoryMb must be a positive whole number, not 12.5.'],
  [{ maxIsolates: -1 }, 'maxIsolates must be a positive whole number, not -1.'],
  [{ maxIsolates: Number.NaN }, 'maxIsolates must be a positive whole number, not NaN.'],
  [{ launcher: ['no-such-launcher', 'x'] }, 'launcher: no "no-such-launcher" in PATH.'],
])('wrong options: %j', (wrong, message) => {
  const launch = () => launchCell({ memoryMb: 512, maxIsolates: 4, launcher: [], ...wrong })
  expect(launch).toThrow(InvalidOptionError)
  expect(launch).toThrow(message)
})
