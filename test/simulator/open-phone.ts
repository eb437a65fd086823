import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  createSimulator,
  type Simulator,
  type User,
  type UserOptions,
} from '../../src/simulator/simulator.ts'

/** Nothing connects before the first call of wx.cloud, so a test that makes none needs no host. */
export const NO_HOST = 'ws://127.0.0.1:9'

/** A folder with these files, deleted after the test. */
export async function writeFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudlet-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

/** A simulator of a project with these files. */
export async function openProject(
  files: Readonly<Record<string, string>>,
  url: string = NO_HOST,
): Promise<Simulator> {
  const simulator = createSimulator({ url, project: await writeFolder({ 'app.js': 'App({})', ...files }) })
  onTestFinished(() => simulator.close())
  return simulator
}

/** One user of a project with these files. */
export async function openPhone(
  files: Readonly<Record<string, string>>,
  options: UserOptions = { openid: 'o-1' },
): Promise<User> {
  return (await openProject(files)).addUser(options)
}

/** A user without an app: `wx` only. */
export function openWx(options: UserOptions = { openid: 'o-1' }): User {
  const simulator = createSimulator({ url: NO_HOST })
  onTestFinished(() => simulator.close())
  return simulator.addUser(options)
}
