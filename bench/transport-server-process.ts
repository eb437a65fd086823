/** A host with a door, and a plain echo server, until the process that started this one goes. Started by transport.ts. */
import { FunctionHost } from 'cloudlet'
import { helloSource } from './functions.ts'
import { servePlainEcho } from './plain-echo.ts'

/** Where they listen. */
export interface ServerUrls {
  readonly door: string
  readonly echo: string
}

process.on('disconnect', () => process.exit())
const host = new FunctionHost()
await host.deploy('hello', { files: { 'index.js': helloSource(0) } })
const { url } = await host.listen({ port: 0 })
const urls: ServerUrls = { door: url, echo: (await servePlainEcho()).url }
process.send?.(urls)
