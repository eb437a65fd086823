import type { FunctionHost } from 'cloudlet'
import type { Peer } from './peer.ts'

/** Handed the host's maker: this folder is a package of its own, in which the name "cloudlet" leads nowhere. */
export function makeCloudletPeer(makeHost: () => FunctionHost): Peer {
  return {
    name: 'cloudlet',
    place: 'an isolate each',
    densityCount: 100,
    start: async () => {
      const host = makeHost()
      return {
        deploy: async (name, source) => {
          await host.deploy(name, { files: { 'index.js': source } })
        },
        load: async name => ({
          call: async event => (await host.invoke(name, { ...event })).result,
          unload: async () => {
            await host.remove(name)
          },
        }),
        close: () => host.close(),
      }
    },
  }
}
