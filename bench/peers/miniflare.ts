import { readFile } from 'node:fs/promises'
import { KeepAliveClient } from './keep-alive-client.ts'
import type { Peer } from './peer.ts'
import { SourceTable } from './source-table.ts'

const LOADER = new URL('./miniflare-loader.mjs', import.meta.url)

/** One workerd process beside ours, whose Worker Loader fetches the source from us when a function is first called. */
export const miniflare: Peer = {
  name: 'miniflare Worker Loader',
  place: 'an isolate each, in one other process, over HTTP',
  densityCount: 50,
  start: async () => {
    const { Miniflare } = await import('miniflare')
    const sources = new SourceTable()
    const server = new Miniflare({
      modules: true,
      script: await readFile(LOADER, 'utf8'),
      compatibilityDate: '2026-07-01',
      workerLoaders: { LOADER: {} },
      serviceBindings: {
        SOURCES: request => new Response(sources.get(new URL(request.url).pathname.slice(1))),
      },
      cf: false,
      host: '127.0.0.1',
      port: 0,
    })
    const client = new KeepAliveClient(Number((await server.ready).port))
    return {
      deploy: async (name, source) => sources.set(name, source),
      load: async name => ({
        call: event => client.post({ 'x-function': name }, event),
        // workerd drops a loaded worker when it sees fit.
        unload: async () => {},
      }),
      close: async () => {
        client.close()
        await server.dispose()
      },
    }
  },
}
