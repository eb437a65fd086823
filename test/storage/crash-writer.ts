import { Storage } from '../../src/storage/storage.ts'
import { versionContent } from './crash-content.ts'

/** Uploads without end, and prints `<cloudPath> <version>` after each acknowledged upload. Ended by SIGKILL. */
const [directory = ''] = process.argv.slice(2)
const storage = new Storage({ directory, envId: 'crash' })

async function keepWriting(cloudPath: string): Promise<never> {
  for (let version = 1; ; version++) {
    await storage.upload({ cloudPath, content: versionContent(cloudPath, version) })
    process.stdout.write(`${cloudPath} ${version}\n`)
  }
}

await Promise.all(['a.bin', 'b/b.bin', '中.bin'].map(keepWriting))
