import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A server of Debian's that the tests started, or why there is none. */
export interface Program<Address> {
  readonly address: Address
  close(): Promise<void>
}

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

export interface MysqlAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

const START_MS = 20_000

/** A Redis that keeps nothing on disk; undefined where `redis-server` is not installed. */
export async function openRedis(): Promise<Program<RedisAddress> | undefined> {
  const program = findProgram('redis-server')
  if (program === undefined) return undefined
  const port = await findPort()
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn(program, args, { stdio: 'ignore', cwd: tmpdir() })
  await waitForPort(child, port)
  return { address: { host: '127.0.0.1', port }, close: () => end(child) }
}

/** A MariaDB with one user and an empty database; undefined where `mariadbd` is not installed. */
export async function openMysql(): Promise<Program<MysqlAddress> | undefined> {
  const [server, install] = [findProgram('mariadbd'), findProgram('mariadb-install-db')]
  // Debian has the last, which the second calls, in a package of its own.
  if (!server || !install || !findProgram('my_print_defaults')) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'cloudlet-mysql-'))
  const data = join(folder, 'data')
  await mkdir(data)
  const common = ['--no-defaults', `--datadir=${data}`, `--user=${userInfo().username}`]
  await promisify(execFile)(install, [
    ...common,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ])
  const port = await findPort()
  const address = { host: '127.0.0.1', port, user: 'shop', password: 'secret', database: 'shop' }
  const child = spawn(
    server,
    [
      ...common,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'socket')}`,
      '--innodb-buffer-pool-size=16M',
      '--skip-name-resolve',
      `--init-file=${await writeSetup(folder)}`,
    ],
    { stdio: 'ignore' },
  )
  await waitForPort(child, port)
  return {
    address,
    close: async () => {
      await end(child)
      await rm(folder, { recursive: true })
    },
  }
}

async function writeSetup(folder: string): Promise<string> {
  const file = join(folder, 'setup.sql')
  await writeFile(
    file,
    "CREATE DATABASE shop CHARACTER SET utf8mb4;\nCREATE USER 'shop'@'127.0.0.1' IDENTIFIED BY 'secret';\n" +
      "GRANT ALL ON shop.* TO 'shop'@'127.0.0.1';\n",
  )
  return file
}

/** Debian keeps servers in folders that are not in everyone's PATH. */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/bin']
  return folders.map(folder => join(folder, name)).find(path => existsSync(path))
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

async function waitForPort(child: ChildProcess, port: number): Promise<void> {
  const late = Date.now() + START_MS
  while (child.exitCode === null && Date.now() < late) {
    if (await canConnect(port)) return
    await setTimeout(50)
  }
  child.kill()
  throw new Error(`${child.spawnfile} does not listen at port ${port} (exit code ${child.exitCode}).`)
}

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}
