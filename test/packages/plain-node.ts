import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

interface Question {
  readonly folder: string
  readonly event: object
}

type Answer = { readonly result: unknown } | { readonly error: string }

/**
 * What a function's `main` answers to the event under Node itself, in a process of its own, as JSON carries it.
 *
 * @throws {Error} with the stack of what it threw.
 */
export async function runUnderNode(folder: string, event: object): Promise<unknown> {
  const child = fork(fileURLToPath(import.meta.url), ['--serve'], { execArgv: ['--no-deprecation'] })
  child.send({ folder, event } satisfies Question)
  const [answer] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [Answer | number]
  child.kill()
  if (typeof answer !== 'object') throw new Error(`The process ended with code ${answer}.`)
  if ('error' in answer) throw new Error(answer.error)
  return answer.result
}

if (process.argv[2] === '--serve') {
  process.once('message', ({ folder, event }: Question) => {
    void answer(folder, event).then(message => process.send?.(message))
  })
}

async function answer(folder: string, event: object): Promise<Answer> {
  try {
    const file = ['index.js', 'index.mjs'].map(name => join(folder, name)).find(path => existsSync(path))
    const { main } = await import(pathToFileURL(file ?? folder).href)
    return { result: JSON.parse(JSON.stringify(await main(event))) }
  } catch (error) {
    return { error: (error as Error).stack ?? String(error) }
  }
}
