import type { OpArgs } from '../protocol/calls.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import { JOB_SYNC, makeJob, opWork, type Work } from './crypto-job.ts'
import { KeyHandle } from './crypto-key.ts'
import type { CryptoNames } from './crypto-names.ts'
import type { Binding, Realm } from './realm.ts'

type Method = OpArgs<'crypto.derive'>['method']

/** Jobs that make keys of passwords and of other keys. */
export function makeDeriveBinding(realm: Realm, host: CryptoHost, names: CryptoNames): Binding {
  const bytesOf = (source: View | KeyHandle): Uint8Array =>
    KeyHandle.isOne(source) ? source.secret : host.bytes(source)
  /** What Node refuses before it starts is refused by trying it at once; `isSure` that there is nothing to refuse. */
  const work = (mode: number, isSure: boolean, method: Method, size: number, parts: Uint8Array[]): Work => {
    const made = opWork(host, 'crypto.derive', { method, size, ...host.join(parts) }, ({ content }) =>
      host.arrayBuffer(content as Uint8Array),
    )
    if (isSure || mode === JOB_SYNC) return made
    const tried = made.ask()
    return { ask: () => tried, call: async () => tried }
  }
  return {
    HKDFJob: makeJob(
      realm,
      (mode, digest: string, key: View | KeyHandle, salt: View, info: View, size: number) => {
        const isSure = names.hasDigest(digest) && size <= 255 * 16
        const parts = [bytesOf(key), host.bytes(salt), host.bytes(info)]
        return work(mode, isSure, { name: 'hkdf', digest }, size, parts)
      },
    ),
    PBKDF2Job: makeJob(
      realm,
      (mode, password: View | KeyHandle, salt: View, iterations: number, size: number, digest: string) =>
        work(mode, names.hasDigest(digest), { name: 'pbkdf2', iterations, digest }, size, [
          bytesOf(password),
          host.bytes(salt),
        ]),
    ),
    ScryptJob: makeJob(
      realm,
      (mode, password: View, salt: View, N: number, r: number, p: number, maxmem: number, size: number) => {
        const isPowerOf2 = N > 1 && (N & (N - 1)) === 0
        const isSure = isPowerOf2 && 128 * N * r + 128 * r * p + 256 * r <= maxmem && r * p < 2 ** 30
        const parts = [host.bytes(password), host.bytes(salt)]
        return work(mode, isSure, { name: 'scrypt', N, r, p, maxmem }, size, parts)
      },
    ),
  }
}
