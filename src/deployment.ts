import { createHash } from 'node:crypto'
import { rightsOf } from './capabilities/bindings.ts'
import type { Rights } from './capabilities/dispatch.ts'
import type { FunctionFiles } from './capabilities/function-files.ts'
import type { CodeCache } from './code-cache.ts'
import { DeployedFiles } from './deployed-files.ts'
import { InvalidOptionError } from './errors.ts'
import { type FunctionConfig, type FunctionDefaults, readFunctionConfig } from './function-config.ts'
import { withPackages } from './function-packages.ts'
import { type IdentityTemplate, makeIdentityTemplate } from './identity.ts'
import type { ProgramCompiler } from './isolate/compile.ts'
import type { InvocationLimits } from './isolate/job.ts'
import type { PoolKey } from './isolate/pool-key.ts'
import { type RuntimeKind, runtimeFor } from './isolate/runtime-kind.ts'
import { checkKnownOptions } from './known-options.ts'
import { LIMITS } from './limits.ts'
import { ConversionCache } from './modules/conversion-cache.ts'
import { collectModules, type ModuleGraph } from './modules/graph.ts'
import type { NetworkOptions } from './network-options.ts'
import { findNodeNames } from './node-names.ts'
import type { InstallProgress, OnInstallProgress, PackageStore } from './packages/store.ts'
import { buildProgram } from './program.ts'
import type { Capability } from './protocol/calls.ts'
import { type FunctionSource, openSourceTree, type SourceTree } from './source-tree.ts'

/** A function whose files have this nowhere won't require it, or has to wait for it. */
const SDK_NAME = 'wx-server-sdk'

/** An immutable, named, versioned function: its files, compiled, and what it may take. */
export interface Deployment {
  readonly name: string
  /** Hash of files and configuration: the same source deployed again is the same version. */
  readonly version: string
  readonly config: FunctionConfig
  /** What its instances are made of. */
  readonly key: PoolKey
  readonly identity: IdentityTemplate
  /** What its functions can read of its source. */
  readonly files: FunctionFiles
  readonly limits: InvocationLimits
  readonly info: DeploymentInfo
}

export interface DeployOptions {
  /**
   * What the function may use. In a host's own process leave out `webAssembly` for functions you don't trust: V8 ends
   * its whole process over some modules (docs/threat-model.md).
   *
   * @default ['database', 'storage', 'functions', 'network', 'wechat', 'webAssembly']
   */
  readonly capabilities?: readonly Capability[]
  /** Where it may connect, and how much. What it leaves out is as in the host's option of that name. */
  readonly network?: NetworkOptions
  /** Hears how the installation of packages goes on, if there is one. */
  readonly onProgress?: (progress: DeployProgress) => void
}

/** What the installation of a function's packages is at. */
export interface DeployProgress extends InstallProgress {
  readonly functionName: string
}

/** What the host has for all its deployments. */
export interface DeploymentTools {
  readonly packages: PackageStore
  readonly onProgress: OnInstallProgress
  readonly cache?: CodeCache | undefined
  readonly openCompiler: (runtime: RuntimeKind) => ProgramCompiler
}

/** What the host says where a function doesn't, and what no function may say. */
export interface DeploymentDefaults extends FunctionDefaults {
  readonly envId: string
  readonly install: 'auto' | 'offline' | 'never'
  readonly maxLogLines: number
  readonly maxLogChars: number
  readonly maxTimers: number
  readonly maxHostCalls: number
  readonly maxHostCallMb: number
}

/** What `host.deploy` and `host.list` tell of a function. */
export interface DeploymentInfo {
  readonly name: string
  readonly version: string
  /** Script and JSON files the function can load, packages included. */
  readonly fileCount: number
  readonly sizeBytes: number
  readonly timeoutMs: number
  readonly cpuMs: number
  readonly memoryMb: number
  readonly concurrency: number
  /** Where anyone may call it by HTTP, at doors that have no `httpPaths`: as its config.json says. */
  readonly httpPath?: string
  /** What would surprise its author: settings that are ignored, things the real cloud refuses. */
  readonly warnings: readonly string[]
}

/**
 * What a function deployed with these options may use.
 *
 * @throws {InvalidOptionError} for an unknown option, or capabilities that are no list or not there.
 */
export function resolveRights(options: DeployOptions): Rights {
  checkKnownOptions('options', options, ['capabilities', 'network', 'onProgress'])
  const { capabilities, onProgress } = options
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new InvalidOptionError('onProgress', 'onProgress must be a function.')
  }
  if (capabilities === undefined) return rightsOf()
  if (!Array.isArray(capabilities) || capabilities.some(capability => typeof capability !== 'string')) {
    throw new InvalidOptionError(
      'capabilities',
      "capabilities must be a list, e.g. ['database']; without it a function has them all.",
    )
  }
  return rightsOf(capabilities)
}

/**
 * Reads, checks and compiles a function, its packages installed. Nothing of it runs.
 *
 * @throws {InvalidOptionError} for a bad name or source; {DeployError} for files that can't be a function.
 */
export async function makeDeployment(
  name: string,
  source: FunctionSource,
  options: DeploymentDefaults,
  tools: DeploymentTools,
): Promise<Deployment> {
  checkFunctionName(name)
  const { envId, install, ...defaults } = options
  const own = openSourceTree(source)
  const { tree, warnings: packageWarnings } = await withPackages(name, own, install, tools)
  const conversions = new ConversionCache(name, tools.cache)
  const graph = await collectModules(name, tree, conversions)
  const { config, warnings } = readFunctionConfig(name, configText(tree, source), defaults)
  const texts = graph.modules.map(({ text }) => text)
  const nodeNames = findNodeNames(texts)
  const namesSdk = texts.some(text => text.includes(SDK_NAME))
  const runtime = runtimeFor(namesSdk, nodeNames)
  const program = await buildProgram(name, graph, runtime, tools.cache, tools.openCompiler)
  await conversions.save()
  const info = {
    name,
    version: hash(graph, config),
    fileCount: graph.modules.length,
    sizeBytes: graph.sizeBytes,
    timeoutMs: config.timeoutMs,
    cpuMs: config.cpuMs,
    memoryMb: config.memoryMb,
    concurrency: config.concurrency,
    ...(config.http === undefined ? {} : { httpPath: config.http.path }),
    warnings: [...packageWarnings, ...warnings, ...graph.warnings],
  }
  const { memoryMb, concurrency } = config
  const key = { name, program, memoryMb, runtime, nodeNames, concurrency } as const
  const limits = invocationLimits(options)
  const identity = makeIdentityTemplate(name, envId, config, limits)
  const files = new DeployedFiles(tree)
  return { name, version: info.version, config, key, identity, files, limits, info }
}

function invocationLimits(options: DeploymentDefaults): InvocationLimits {
  return {
    logLines: options.maxLogLines,
    logChars: options.maxLogChars,
    timers: options.maxTimers,
    hostCalls: options.maxHostCalls,
    hostCallBytes: options.maxHostCallMb * 1024 * 1024,
  }
}

function checkFunctionName(name: string): void {
  const { functionNameChars } = LIMITS
  if (typeof name !== 'string' || name.length > functionNameChars || !/^[A-Za-z][\w-]*$/.test(name)) {
    const shown = typeof name === 'string' ? `"${name.slice(0, functionNameChars)}"` : `A ${typeof name}`
    throw new InvalidOptionError(
      'name',
      `${shown} can't name a function: use 1 to ${functionNameChars} letters, digits, - or _, starting with a letter.`,
    )
  }
}

function configText(tree: SourceTree, source: FunctionSource): string | undefined {
  if (typeof source === 'object' && source.config !== undefined) return writeConfig(source.config)
  return tree.kindOf('/config.json') === 'file' ? tree.readText('/config.json') : undefined
}

function writeConfig(config: object): string {
  try {
    return JSON.stringify(config)
  } catch (error) {
    throw new InvalidOptionError('source.config', `config can't be made JSON: ${(error as Error).message}`)
  }
}

function hash(graph: ModuleGraph, config: FunctionConfig): string {
  const digest = createHash('sha256').update(JSON.stringify(config))
  for (const { path, text } of graph.modules) digest.update(`\0${path}\0${text}`)
  return digest.digest('hex').slice(0, 16)
}
