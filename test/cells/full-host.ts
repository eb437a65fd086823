/** A host that has as many descriptors left as it is told; prints what becomes of a cell that it starts. */
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { launchCell } from '../../src/cells/launch.ts'

const script = new URL('./standin.ts', import.meta.url)
const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error
}
for (const descriptor of taken.splice(0, Number(process.argv[2]))) closeSync(descriptor)
const cell = launchCell({ memoryMb: 512, maxIsolates: 4, launcher: [], script })
const [[error]] = await Promise.all([once(cell.process, 'error'), once(cell.channel, 'close')])
for (const descriptor of taken) closeSync(descriptor)
console.log(error.code)
