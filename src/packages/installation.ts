import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type EntryRecord, measure, writeRecord } from './entry.ts'
import { type NpmOutcome, runNpm } from './npm.ts'
import { PackageProblem } from './problem.ts'
import { differencesOf, errorCodeOf, isFetched, isOutOfStep, problemOf } from './report.ts'
import type { PackageSet } from './set.ts'
import { remove } from './sweep.ts'

/** How npm is to install. */
export interface InstallSettings {
  /** Takes everything from npm's cache. */
  readonly isOffline: boolean
  /** npm's cache; omitted: that of the user. */
  readonly cacheFolder?: string
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Hears of each answer of the registry. */
  readonly onFetch: () => void
}

/**
 * Installs a set in a draft folder, and gives it its place when it is whole.
 *
 * @param drafts folder on the same disk as `place`.
 * @throws {PackageProblem} naming the package; the signal's reason, if it aborted.
 */
export async function installInto(
  place: string,
  drafts: string,
  set: PackageSet,
  settings: InstallSettings,
): Promise<void> {
  const draft = await mkdtemp(join(drafts, `${set.key.slice(0, 12)}-`))
  try {
    await writeFiles(draft, set.files)
    const warnings = await install(draft, set, settings)
    // It may hold a password, and has done its work.
    await rm(join(draft, '.npmrc'), { force: true })
    await mkdir(join(draft, 'node_modules'), { recursive: true })
    const size = await measure(draft)
    if (size.sizeBytes > settings.maxBytes) {
      throw new PackageProblem(
        `The packages take ${Math.ceil(size.sizeBytes / 1_048_576)} MB. Raise maxPackagesMb on the host if they are to.`,
      )
    }
    await publish(draft, place, { key: set.key, warnings, ...size })
  } finally {
    await remove(draft)
  }
}

/** As the lock file says, if there is one and package.json doesn't say otherwise. Returns warnings. */
async function install(
  draft: string,
  set: PackageSet,
  settings: InstallSettings,
): Promise<readonly string[]> {
  if (!set.hasLock) {
    await installByManifest(draft, set, settings)
    return []
  }
  const outcome = await run('ci', [], draft, set, settings)
  if (outcome.isDone) return []
  if (!isOutOfStep(outcome)) throw problemOf(outcome)
  await installByManifest(draft, set, settings)
  return [
    `The lock file does not fit package.json (${differencesOf(outcome)}), so packages were installed by package.json. Run "npm install" to renew it.`,
  ]
}

async function installByManifest(draft: string, set: PackageSet, settings: InstallSettings): Promise<void> {
  let outcome = await run('install', [], draft, set, settings)
  // What the cache knows of a package may be older than the version asked for.
  if (!outcome.isDone && !settings.isOffline && errorCodeOf(outcome) === 'ETARGET') {
    outcome = await run('install', ['--prefer-online'], draft, set, settings)
  }
  if (!outcome.isDone) throw problemOf(outcome)
}

function run(
  command: 'ci' | 'install',
  flags: readonly string[],
  draft: string,
  set: PackageSet,
  { isOffline, cacheFolder, signal, onFetch }: InstallSettings,
): Promise<NpmOutcome> {
  const local = set.hasLocal ? 'all' : 'none'
  const freshness = isOffline ? '--offline' : '--prefer-offline'
  return runNpm({
    args: [
      ...[command, `--prefix=${draft}`, '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund'],
      ...(flags.length > 0 ? flags : [freshness]),
      // Links to folders inside the set are made as npm makes them; nothing else may lead out of the registry.
      ...[
        '--allow-git=none',
        `--allow-directory=${local}`,
        `--allow-file=${local}`,
        '--no-global',
        '--no-workspaces',
      ],
      // For npms too old to know --allow-git: a program that is not there.
      `--git=${join(draft, 'no-git')}`,
      ...['--no-dry-run', '--no-package-lock-only', '--package-lock', '--install-strategy=hoisted'],
      ...[
        '--json',
        '--loglevel=silly',
        '--no-progress',
        '--no-color',
        '--no-update-notifier',
        '--logs-max=0',
      ],
      ...['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-factor=2'],
      ...(cacheFolder === undefined ? [] : [`--cache=${cacheFolder}`]),
    ],
    folder: draft,
    signal,
    onLine: line => {
      if (isFetched(line)) onFetch()
    },
  })
}

async function writeFiles(draft: string, files: PackageSet['files']): Promise<void> {
  for (const [path, content] of files) {
    const file = join(draft, ...path.split('/'))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
}

async function publish(draft: string, place: string, record: EntryRecord): Promise<void> {
  await writeRecord(draft, record)
  try {
    await rename(draft, place)
  } catch (error) {
    // Another process was first; what it made is the same.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error
  }
}
