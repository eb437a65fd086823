import { packageOf, readImports, resolveImport, type Sources, unitOf } from './source.ts'

/** Each check returns its violations as sentences; none means the rule holds. */
export type Check = (sources: Sources) => string[]

const WORDS = [
  ...[
    'address-network',
    'busy-poll',
    'cancellation',
    'cloudlet-error',
    'option-ranges',
    'patience',
    'token-bucket',
    'network-error',
    'wechat-error',
    'errors',
    'known-options',
    'limits',
    'types',
  ],
  'protocol',
]

/** From the ground up. Imports point down, or sideways within one unit. */
const LAYERS: readonly { readonly units: readonly string[]; readonly isOneUnit?: true }[] = [
  { units: WORDS, isOneUnit: true },
  { units: ['rules'] },
  { units: ['isolate', 'cells', 'database', 'storage', 'network', 'packages', 'sdk', 'node', 'wechat'] },
  { units: ['capabilities', 'guest', 'transport'] },
  {
    units: [
      ...[
        'admission',
        'checked-file',
        'code-cache',
        'collections-file',
        'declared-paths',
        'deploy-directory',
        'deployed-files',
        'deployment',
        'doors',
        'function-config',
        'function-folders',
        'function-packages',
        'function-table',
      ],
      ...[
        'histogram',
        'request-id',
        'host',
        'host-capabilities',
        'host-database',
        'host-doors',
        'host-storage',
        'host-wechat',
        'http-functions',
        'isolation',
        'identity',
        'index',
        'invocation',
        'bound-invocation',
        'invoke-arguments',
        'modules',
      ],
      ...[
        'network-options',
        'node-names',
        'notices',
        'observe',
        'openapi-permissions',
        'options',
        'packaged-tree',
        'program',
        'snapshot-cache',
        'source-tree',
        'storage-options',
      ],
    ],
    isOneUnit: true,
  },
  { units: ['client', 'cli', 'simulator'] },
]

/** Where the layers alone would allow more. */
const ONLY_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  cells: ['isolate', ...WORDS],
  guest: ['sdk', 'node', ...WORDS],
  node: WORDS,
  transport: WORDS,
  wechat: WORDS,
  client: ['sdk', ...WORDS],
  simulator: ['client', 'modules', ...WORDS],
}

/** The line decides where isolates live; to all others they are isolates. */
const ONLY_FOR_THE_LINE = ['cells']

/** Sideways between units, on purpose: the command line is a client too. */
const ALSO_IMPORTS: Readonly<Record<string, readonly string[]>> = { cli: ['client'], simulator: ['client'] }

/** Development only: imported by nothing, and free to import what it builds. */
const BUILD_UNIT = 'build'

export const checkLayers: Check = sources =>
  eachRelative(sources, (path, target) => {
    const from = unitOf(path)
    const to = unitOf(target)
    if (from === BUILD_UNIT || from === to) return undefined
    if (to === BUILD_UNIT) return `${path} imports ${target}, which is for development only.`
    if (layerOf(from) < 0) return `${path}: the unit "${from}" stands in no layer.`
    return mayImport(from, to) ? undefined : `${path} imports ${target}: ${from} may not import ${to}.`
  })

function mayImport(from: string, to: string): boolean {
  if (ALSO_IMPORTS[from]?.includes(to)) return true
  const only = ONLY_IMPORTS[from]
  if (only !== undefined) return only.includes(to)
  const fromLayer = layerOf(from)
  const toLayer = layerOf(to)
  if (toLayer < 0) return false
  if (ONLY_FOR_THE_LINE.includes(to) && fromLayer !== layerOf('host')) return false
  return toLayer < fromLayer || (toLayer === fromLayer && LAYERS[fromLayer]?.isOneUnit === true)
}

function layerOf(unit: string): number {
  return LAYERS.findIndex(({ units }) => units.includes(unit))
}

/** The declarations of ops, which are split by capability. */
const CALLS = /^src\/protocol\/calls(?:-\w+)?\.ts$/

/** The files that may import each package: at most one of each pattern. */
export const PACKAGE_PLACES: Readonly<Record<string, readonly RegExp[]>> = {
  commander: [/^src\/cli\//],
  '@jridgewell/trace-mapping': [/^src\/modules\//],
  'cjs-module-lexer': [/^src\/modules\//],
  'enhanced-resolve': [/^src\/modules\//],
  'es-module-lexer': [/^src\/modules\//],
  '@swc/core': [/^src\/build\/miniprogram\.ts$/],
  esbuild: [
    /^src\/build\/guest\.ts$/,
    /^src\/build\/miniprogram\.ts$/,
    /^src\/build\/node-library\.ts$/,
    /^src\/modules\//,
  ],
  'fastest-levenshtein': [/^src\/function-table\.ts$/],
  'http-parser-js': [/^src\/node\/binding-http-parser\.ts$/],
  'ipaddr.js': [/^src\/network\/address\.ts$/],
  'isolated-vm': [/^src\/isolate\/ivm\.ts$/],
  jose: [/^src\/transport\//],
  'lru-cache': [/^src\/isolate\//, /^src\/transport\//, /^src\/wechat\//],
  mime: [/^src\/storage\//],
  mingo: [/^src\/database\//],
  msgpackr: [/^src\/protocol\/codec\.ts$/],
  'node:sqlite': [/^src\/database\//, /^src\/storage\//],
  s3mini: [/^src\/storage\//],
  'strip-json-comments': [/^src\/function-config\.ts$/],
  typebox: [CALLS, /^src\/capabilities\//],
  'whatwg-url': [/^src\/node\//],
  ws: [/^src\/client\//, /^src\/transport\//],
}

export const checkPackagePlaces: Check = sources => {
  const importers = findImporters(sources)
  const violations: string[] = []
  for (const [name, paths] of importers) {
    if (name.startsWith('node:') && PACKAGE_PLACES[name] === undefined) continue
    const places = PACKAGE_PLACES[name]
    if (places === undefined) {
      violations.push(`${[...paths].join(', ')}: the package "${name}" has no place of its own.`)
      continue
    }
    for (const path of paths) {
      if (!places.some(place => place.test(path))) violations.push(`${path} may not import "${name}".`)
    }
    for (const place of places) {
      const here = [...paths].filter(path => place.test(path))
      if (here.length > 1 && place !== CALLS)
        violations.push(`"${name}" has more than one importer: ${here.join(', ')}.`)
    }
  }
  return violations
}

/** Runs in an isolate or a browser too, so nothing of Node. */
const PORTABLE = /^src\/(?:(?:errors|limits|types)\.ts|(?:protocol|sdk|node|guest)\/|client\/(?!node))/

export const checkPortable: Check = sources =>
  eachPackage(sources, (path, name) =>
    PORTABLE.test(path) && name.startsWith('node:')
      ? `${path} imports "${name}", which is not there in an isolate or a browser.`
      : undefined,
  )

/** Packages bundled into the guest runtime, or used to build it, are no dependencies of who installs cloudlet. */
const DEVELOPMENT_ONLY = /^src\/(?:node|guest|build)\//

export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  /** What is loaded only where it is asked for. */
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export function checkDependencies(sources: Sources, manifest: Manifest): string[] {
  const violations: string[] = []
  const used = new Set<string>()
  for (const [name, paths] of findImporters(sources)) {
    if (name.startsWith('node:')) continue
    for (const path of paths) {
      const isDevelopment = DEVELOPMENT_ONLY.test(path)
      if (!isDevelopment) used.add(name)
      const declared = isDevelopment
        ? { ...manifest.dependencies, ...manifest.devDependencies }
        : { ...manifest.dependencies, ...manifest.peerDependencies }
      if (!Object.hasOwn(declared, name)) {
        const field = isDevelopment ? 'devDependencies' : 'dependencies'
        violations.push(`${path} imports "${name}", which is not in ${field}.`)
      }
    }
  }
  for (const name of Object.keys(manifest.dependencies)) {
    if (!used.has(name)) violations.push(`No file imports the dependency "${name}".`)
  }
  return violations
}

export const checkCycles: Check = sources => {
  const done = new Set<string>()
  const violations: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      violations.push(`${[...trail.slice(start), path].join(' → ')} is a cycle.`)
      return
    }
    if (done.has(path)) return
    for (const target of targetsOf(path, sources)) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return violations
}

export const checkTargets: Check = sources =>
  eachRelative(sources, (path, target) => {
    if (!target.endsWith('.ts')) return `${path} imports ${target} without its extension .ts.`
    return sources.has(target) ? undefined : `${path} imports ${target}, which does not exist.`
  })

const FILE_LINES = 300

export const checkFileLengths: Check = sources =>
  [...sources].flatMap(([path, text]) => {
    const lineCount = text.trimEnd().split('\n').length
    return lineCount > FILE_LINES ? [`${path} has ${lineCount} lines; ${FILE_LINES} is the most.`] : []
  })

const CATCH_ALL = /^(?:utils?|helpers?|commons?|misc|shared|lib|constants?|types|index)$/
/** The package's entries, and the errors' base, which is a file of its own for its length only. */
const MAY_PASS_ON = [
  'src/index.ts',
  'src/client/node.ts',
  'src/client/browser.ts',
  'src/client/miniprogram.ts',
  'src/simulator/simulator.ts',
  'src/errors.ts',
]

export const checkNames: Check = sources =>
  [...sources.keys()].flatMap(path => {
    if (path === 'src/index.ts' || path === 'src/types.ts') return []
    const parts = path.replace(/\.ts$/, '').split('/').slice(1)
    const isDeep = parts.length > 2
    return [
      ...parts.filter(part => CATCH_ALL.test(part)).map(part => `${path}: "${part}" names no one thing.`),
      ...(isDeep ? [`${path} lies deeper than one folder.`] : []),
    ]
  })

export const checkReexports: Check = sources =>
  [...sources].flatMap(([path, text]) =>
    readImports(text).flatMap(({ specifier, isReexport, isStar }) => {
      if (isStar) return [`${path} exports everything of ${specifier}; name what it exports.`]
      const isBarrel = isReexport && !MAY_PASS_ON.includes(path)
      return isBarrel ? [`${path} passes on ${specifier}; only the package's entries may.`] : []
    }),
  )

function targetsOf(path: string, sources: Sources): string[] {
  return readImports(sources.get(path) ?? '').flatMap(({ specifier }) => {
    const target = resolveImport(path, specifier)
    return target !== undefined && sources.has(target) ? [target] : []
  })
}

function findImporters(sources: Sources): Map<string, Set<string>> {
  const importers = new Map<string, Set<string>>()
  eachPackage(sources, (path, name) => {
    importers.set(name, (importers.get(name) ?? new Set()).add(path))
    return undefined
  })
  return importers
}

function eachRelative(
  sources: Sources,
  check: (path: string, target: string) => string | undefined,
): string[] {
  return eachImport(sources, (path, specifier) => {
    const target = resolveImport(path, specifier)
    return target === undefined ? undefined : check(path, target)
  })
}

function eachPackage(sources: Sources, check: (path: string, name: string) => string | undefined): string[] {
  return eachImport(sources, (path, specifier) =>
    specifier.startsWith('.') ? undefined : check(path, packageOf(specifier)),
  )
}

function eachImport(
  sources: Sources,
  check: (path: string, specifier: string) => string | undefined,
): string[] {
  const violations: string[] = []
  for (const [path, text] of sources) {
    for (const { specifier } of readImports(text)) {
      const violation = check(path, specifier)
      if (violation !== undefined) violations.push(violation)
    }
  }
  return violations
}
