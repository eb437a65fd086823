/** A process of its own that deploys on a data directory, calls, and says what the host warned of. */
import { FunctionHost } from '../../src/index.ts'

const [dataDirectory = '', text = ''] = process.argv.slice(2)
const warnings: string[] = []
const host = new FunctionHost({ dataDirectory, onWarning: message => warnings.push(message) })
await host.deploy('f', { files: { 'index.js': text } })
const { result } = await host.invoke('f')
await host.close()
console.log(JSON.stringify({ result, warnings }))
