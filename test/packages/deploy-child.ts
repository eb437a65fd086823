/** A process of its own that deploys a function on a data directory, calls it, and prints what came of it. */
import { FunctionHost } from '../../src/index.ts'

const [dataDirectory = '', folder = '', name = ''] = process.argv.slice(2)
const steps: string[] = []
const warnings: string[] = []
const host = new FunctionHost({ dataDirectory, onWarning: message => warnings.push(message) })
const { warnings: told } = await host.deploy('f', folder, { onProgress: ({ step }) => steps.push(step) })
const { result } = await host.invoke('f', { name })
await host.close()
console.log(JSON.stringify({ result, steps: [...new Set(steps)], warnings: [...told, ...warnings] }))
