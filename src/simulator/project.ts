import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import { Sources } from './sources.ts'

/** A mini-program's folder, as its app.json describes it. */
export interface Project {
  /** Where app.json is, absolute. */
  readonly root: string
  readonly sources: Sources
  /** Paths of all pages without their extension, subpackages included; the first is where the app begins. */
  readonly pages: readonly string[]
  readonly entryPage: string
  /** Those of them in the tab bar. */
  readonly tabs: readonly string[]
  /** Of project.config.json, if there is one. */
  readonly appid: string | undefined
  /** `window` of app.json under the page's own JSON file. */
  readonly windowOf: (page: string) => Readonly<Record<string, unknown>>
}

/**
 * Reads a project: a folder with app.json, or one with a project.config.json whose `miniprogramRoot` has it.
 *
 * @throws {InvalidOptionError} that names the file and what is wrong with it.
 */
export function readProject(directory: string): Project {
  const config = readOptionalJson(join(directory, 'project.config.json'))
  const { miniprogramRoot } = config
  const root = resolve(directory, typeof miniprogramRoot === 'string' ? miniprogramRoot : '.')
  const file = join(root, 'app.json')
  if (!existsSync(file)) {
    throw createProjectError(
      `${root} has no app.json. project is the folder of a mini-program, or one whose project.config.json has a miniprogramRoot.`,
    )
  }
  const app = readJson(file)
  const pages = [...readTexts(app['pages']), ...readSubpackages(app)]
  const entryPage = typeof app['entryPagePath'] === 'string' ? app['entryPagePath'] : pages[0]
  if (entryPage === undefined || !pages.includes(entryPage)) {
    throw createProjectError(`${file} must list the pages in "pages", and the first one among them.`)
  }
  const window = isRecord(app['window']) ? app['window'] : {}
  return {
    root,
    sources: new Sources(root),
    pages,
    entryPage,
    tabs: readTabs(app['tabBar'], pages, file),
    appid: typeof config['appid'] === 'string' ? config['appid'] : undefined,
    windowOf: page => ({ ...window, ...readOptionalJson(join(root, `${page}.json`)) }),
  }
}

function readSubpackages(app: Readonly<Record<string, unknown>>): string[] {
  const packages: unknown = app['subPackages'] ?? app['subpackages']
  if (!Array.isArray(packages)) return []
  return packages.filter(isRecord).flatMap(({ root, pages }) => {
    const folder = typeof root === 'string' ? root.replace(/^\/|\/$/g, '') : ''
    return readTexts(pages).map(page => `${folder}/${page}`)
  })
}

function readTabs(tabBar: unknown, pages: readonly string[], file: string): string[] {
  const list: unknown = isRecord(tabBar) ? tabBar['list'] : undefined
  if (!Array.isArray(list)) return []
  const tabs = readTexts(list.map(item => (isRecord(item) ? item['pagePath'] : undefined)))
  const unknownTab = tabs.find(tab => !pages.includes(tab))
  if (unknownTab !== undefined) {
    throw createProjectError(`${file}: the tab bar's page "${unknownTab}" is not in "pages".`)
  }
  return tabs
}

function readTexts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter(item => typeof item === 'string') : []
}

function readOptionalJson(file: string): Readonly<Record<string, unknown>> {
  return existsSync(file) ? readJson(file) : {}
}

function readJson(file: string): Readonly<Record<string, unknown>> {
  const value = parseJson(file)
  if (isRecord(value)) return value
  throw createProjectError(`${file} must hold a JSON object.`)
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw createProjectError(
      `${file} can't be read as JSON: ${error instanceof Error ? error.message : error}`,
    )
  }
}

function createProjectError(message: string): InvalidOptionError {
  return new InvalidOptionError('project', message)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
