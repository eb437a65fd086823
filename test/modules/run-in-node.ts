/** Runs functions in this Node as it stands: a list of folders with entries comes in, what each gives goes out. */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

interface Run {
  readonly folder: string
  readonly entry: string
}

const runs: Run[] = JSON.parse(readFileSync(0, 'utf8'))
const outcomes: unknown[] = []
const own = new Set(Object.getOwnPropertyNames(globalThis))
for (const { folder, entry } of runs) {
  outcomes.push(await run(folder, entry))
  // Each is to find the globals as the first did.
  for (const name of Object.getOwnPropertyNames(globalThis))
    if (!own.has(name)) Reflect.deleteProperty(globalThis, name)
}
process.stdout.write(JSON.stringify(outcomes))

async function run(folder: string, entry: string): Promise<unknown> {
  process.chdir(folder)
  try {
    const loaded = await import(pathToFileURL(`${folder}/${entry}`).href)
    const main = loaded.main ?? loaded.default.main
    const text = JSON.stringify({ value: (await main({})) ?? null })
    return JSON.parse(text.replaceAll(folder, '/var/user'))
  } catch (thrown) {
    const { name, code = null, message } = thrown as { name: string; code?: string; message: string }
    return { error: { name, code, message: message.replaceAll(folder, '/var/user') } }
  }
}
