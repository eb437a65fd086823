import { MEMORY_MB } from '../functions.ts'
import { RawFunction } from '../raw.ts'
import type { Peer } from './peer.ts'
import { SourceTable } from './source-table.ts'

/** The floor: an isolate each, and nothing else. */
export const rawPeer: Peer = {
  name: 'raw isolated-vm',
  place: 'an isolate each',
  densityCount: 100,
  start: async () => {
    const sources = new SourceTable()
    return {
      deploy: async (name, source) => sources.set(name, source),
      load: async name => {
        const loaded = await RawFunction.load(sources.get(name), MEMORY_MB)
        return { call: event => loaded.call(event), unload: async () => loaded.dispose() }
      },
      close: async () => {},
    }
  },
}
