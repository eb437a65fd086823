import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Options } from '../../src/storage/s3-options.ts'

/** What of s3rver the tests use: it has no types of its own. */
interface S3rver {
  run(): Promise<{ port: number }>
  close(): Promise<void>
}

/**
 * s3rver enciphers the tokens of its listings with DES, which OpenSSL has no more. Any cipher will do.
 */
function giveDes(): void {
  const crypto: typeof import('node:crypto') = createRequire(import.meta.url)('node:crypto')
  const { createCipheriv, createDecipheriv } = crypto
  const twice = (bytes: unknown): Buffer =>
    Buffer.concat([Buffer.from(bytes as Buffer), Buffer.from(bytes as Buffer)])
  const replace =
    (make: typeof createCipheriv | typeof createDecipheriv) =>
    (name: string, ...[key, iv]: unknown[]) =>
      name === 'des' ? make('aes-128-cbc', twice(key), twice(iv)) : make(name, key as Buffer, iv as Buffer)
  if (createCipheriv.name === 'createCipheriv') {
    Object.assign(crypto, {
      createCipheriv: replace(createCipheriv),
      createDecipheriv: replace(createDecipheriv),
    })
  }
}

/**
 * A real S3 server on loopback, with one bucket. It accepts any signature, and replaces objects in place, so neither
 * signing nor atomicity can be tested with it.
 */
export class S3Server implements AsyncDisposable {
  readonly options: S3Options
  readonly directory: string
  readonly #server: S3rver
  #isStopped = false

  private constructor(server: S3rver, directory: string, port: number) {
    this.#server = server
    this.directory = directory
    this.options = {
      endpoint: `http://127.0.0.1:${port}`,
      bucket: 'files',
      region: 'us-east-1',
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
      prefix: 'cloudlet/',
    }
  }

  static async start(): Promise<S3Server> {
    giveDes()
    const { default: Server } = await import('s3rver' as string)
    const directory = await mkdtemp(join(tmpdir(), 'cloudlet-s3-'))
    const server: S3rver = new Server({
      address: '127.0.0.1',
      port: 0,
      silent: true,
      directory,
      configureBuckets: [{ name: 'files', configs: [] }],
    })
    const { port } = await server.run()
    return new S3Server(server, directory, port)
  }

  /** Answers nobody any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#server.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isStopped) await this.stop()
    await rm(this.directory, { recursive: true })
  }
}
