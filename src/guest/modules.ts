import { findPlace } from '../protocol/places.ts'
import { EsModules } from './es-modules.ts'
import type { Loader, ModuleCore } from './module.ts'
import { makeModuleBuiltin } from './module-builtin.ts'
import { ModulePaths } from './module-paths.ts'

/**
 * The part of the loader that stands in the programs which need it, and not in the snapshot: ES modules, names that
 * only the run tells, the built-in `module`, and the places that converted code comes from.
 */
export function makeLoader(core: ModuleCore): Loader {
  const paths = new ModulePaths(core)
  const modules = new EsModules(core, paths)
  let moduleBuiltin: unknown
  return {
    resolve: (from, specifier, kind) => paths.resolve(from, specifier, kind),
    importerOf: path => modules.importerOf(path),
    requireModule: module => modules.requireModule(module),
    runEntry: path => modules.runEntry(path),
    get moduleBuiltin() {
      moduleBuiltin ??= makeModuleBuiltin(core)
      return moduleBuiltin
    },
    findPlace: (part, line, column) => findPlace(core.places, part, line, column),
  }
}
