import type { NodeGlobal } from '../protocol/node-modules.ts'
import { AMENDMENTS } from './amendments.ts'
import { fileCalls } from './binding-fs.ts'
import { BINDINGS } from './bindings.ts'
import { connectDomains } from './domain-name.ts'
import type { NodeEnvironment } from './environment.ts'
import { readWholeFile } from './fs-whole-files.ts'
import { GLOBAL_PLACES } from './global-places.ts'
import { MODULES } from './modules.ts'
import { Realm } from './realm.ts'

/** Node in one isolate. */
export interface NodeLayer {
  /** One of Node's modules, by a name that `require` takes. */
  readonly require: (name: string) => unknown
  /** What a global of Node's name holds. */
  readonly global: (name: NodeGlobal) => unknown
  /** What a file that the function wrote holds, as text; undefined if there is none of that path. */
  readonly writtenText: (path: string) => string | undefined
}

export function createNode(environment: NodeEnvironment): NodeLayer {
  connectDomains(environment)
  const realm = new Realm(environment, { bindings: BINDINGS, modules: MODULES, amend: AMENDMENTS })
  return {
    require: realm.load,
    global: name => {
      if (name === 'DOMException') return realm.domExceptions.DOMException
      return realm.load(GLOBAL_PLACES[name])[name]
    },
    writtenText: path => {
      const calls = fileCalls(realm)
      const bytes = readWholeFile(calls, path)
      return bytes === undefined ? undefined : calls.names.text(bytes)
    },
  }
}
