import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** A package to be published: its package.json, and its other files by relative path. */
export interface Fixture {
  readonly manifest: { readonly name: string; readonly version: string } & Readonly<Record<string, unknown>>
  readonly files?: Readonly<Record<string, string>>
}

interface Published {
  readonly manifest: Fixture['manifest']
  readonly tarball: Buffer
}

/** An npm registry on loopback: packages' descriptions and tarballs, made by `npm pack`. */
export class Registry {
  /** `GET` paths in the order in which they came. */
  readonly requests: string[] = []
  /** Logins that came with them. */
  readonly tokens = new Set<string>()
  /** Packages whose checksum is told wrong. */
  readonly corrupt = new Set<string>()
  /** Wanted of whom asks, if set. */
  token: string | undefined
  readonly #server: Server
  readonly #packages = new Map<string, Published[]>()
  #gate: { readonly promise: Promise<void>; readonly open: () => void } | undefined
  #onTarball: () => void = () => {}

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: Error) => response.destroy(error))
    })
  }

  static async start(fixtures: readonly Fixture[]): Promise<Registry> {
    const registry = new Registry()
    if (fixtures.length > 0) await registry.publish(fixtures)
    await new Promise<void>(resolve => registry.#server.listen(0, '127.0.0.1', resolve))
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** Requests of tarballs. */
  get tarballs(): readonly string[] {
    return this.requests.filter(path => path.endsWith('.tgz'))
  }

  async publish(fixtures: readonly Fixture[]): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudlet-registry-'))
    try {
      const folders = fixtures.map((_, index) => join(folder, String(index)))
      for (const [index, { manifest, files }] of fixtures.entries()) {
        const all = { 'package.json': JSON.stringify(manifest), ...files }
        for (const [path, text] of Object.entries(all)) {
          const file = join(folder, String(index), path)
          await mkdir(dirname(file), { recursive: true })
          await writeFile(file, text)
        }
      }
      await promisify(execFile)('npm', ['pack', '--ignore-scripts', ...folders], { cwd: folder })
      for (const { manifest } of fixtures) {
        const tarball = await readFile(join(folder, tarballName(manifest)))
        const versions = this.#packages.get(manifest.name) ?? []
        this.#packages.set(manifest.name, [...versions, { manifest, tarball }])
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  integrityOf(name: string, version: string): string | undefined {
    const found = this.#packages.get(name)?.find(({ manifest }) => manifest.version === version)
    return found === undefined ? undefined : checksumOf(found.tarball)
  }

  /** From now on tarballs wait until `release`; resolves when one is asked for. */
  hold(): { readonly asked: Promise<void> } {
    const { promise, resolve: open } = Promise.withResolvers<void>()
    this.#gate = { promise, open }
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    this.#onTarball = resolve
    return { asked }
  }

  release(): void {
    this.#gate?.open()
    this.#gate = undefined
  }

  async close(): Promise<void> {
    this.release()
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? '/').slice(1)
    this.requests.push(path)
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
    this.tokens.add(token)
    if (this.token !== undefined && token !== this.token) {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"who are you?"}')
      return
    }
    const [name = '', file] = path.split('/-/')
    const versions = this.#packages.get(name) ?? []
    if (file === undefined) {
      if (versions.length > 0)
        response.setHeader('content-type', 'application/json').end(this.#describe(versions))
      else response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}')
      return
    }
    this.#onTarball()
    await this.#gate?.promise
    const found = versions.find(({ manifest }) => tarballName(manifest) === file)
    if (found === undefined) response.writeHead(404).end()
    else response.end(found.tarball)
  }

  #describe(versions: readonly Published[]): string {
    const described = versions.map(({ manifest, tarball }) => {
      const { name, version } = manifest
      const integrity = this.corrupt.has(name) ? `sha512-${'A'.repeat(86)}==` : checksumOf(tarball)
      const dist = { tarball: `${this.url}${name}/-/${tarballName(manifest)}`, integrity }
      return [version, { ...manifest, dist }] as const
    })
    const [latest = ''] = described.at(-1) ?? []
    const [{ manifest: { name } = { name: '' } } = {}] = versions
    return JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(described) })
  }
}

function checksumOf(tarball: Buffer): string {
  return `sha512-${createHash('sha512').update(tarball).digest('base64')}`
}

function tarballName({ name, version }: Fixture['manifest']): string {
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
}
