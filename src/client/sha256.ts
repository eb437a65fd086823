import type { FileHash } from '../sdk/local-files.ts'

/**
 * SHA-256 (FIPS 180-4), for where the platform has none that takes a file piece by piece: browsers digest
 * whole buffers only, and only on secure pages; mini-programs have no such API.
 */
export class Sha256 implements FileHash {
  readonly #state = new Int32Array(INITIAL)
  readonly #block = new Uint8Array(BLOCK_BYTES)
  readonly #words = new Int32Array(64)
  #blockBytes = 0
  #totalBytes = 0

  update(content: Uint8Array): void {
    this.#totalBytes += content.length
    let position = 0
    while (position < content.length) {
      const taken = Math.min(BLOCK_BYTES - this.#blockBytes, content.length - position)
      this.#block.set(content.subarray(position, position + taken), this.#blockBytes)
      this.#blockBytes += taken
      position += taken
      if (this.#blockBytes < BLOCK_BYTES) return
      this.#compress()
      this.#blockBytes = 0
    }
  }

  digest(): string {
    const totalBits = this.#totalBytes * 8
    this.#block[this.#blockBytes++] = 0x80
    if (this.#blockBytes > BLOCK_BYTES - 8) {
      this.#block.fill(0, this.#blockBytes)
      this.#compress()
      this.#blockBytes = 0
    }
    this.#block.fill(0, this.#blockBytes)
    const view = new DataView(this.#block.buffer)
    view.setUint32(BLOCK_BYTES - 8, Math.floor(totalBits / 2 ** 32))
    view.setUint32(BLOCK_BYTES - 4, totalBits >>> 0)
    this.#compress()
    return Array.from(this.#state, word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  // Written without functions of its own, since it runs on engines that only interpret; indices are within bounds.
  #compress(): void {
    const w = this.#words
    const block = this.#block
    for (let i = 0, at = 0; i < 16; i++, at += 4) {
      w[i] =
        ((block[at] as number) << 24) |
        ((block[at + 1] as number) << 16) |
        ((block[at + 2] as number) << 8) |
        (block[at + 3] as number)
    }
    for (let i = 16; i < 64; i++) {
      const near = w[i - 2] as number
      const far = w[i - 15] as number
      const nearMix = ((near >>> 17) | (near << 15)) ^ ((near >>> 19) | (near << 13)) ^ (near >>> 10)
      const farMix = ((far >>> 7) | (far << 25)) ^ ((far >>> 18) | (far << 14)) ^ (far >>> 3)
      w[i] = ((w[i - 16] as number) + farMix + (w[i - 7] as number) + nearMix) | 0
    }
    this.#mix(w)
  }

  #mix(w: Int32Array): void {
    const state = this.#state
    const k = ROUNDS
    let a = state[0] as number
    let b = state[1] as number
    let c = state[2] as number
    let d = state[3] as number
    let e = state[4] as number
    let f = state[5] as number
    let g = state[6] as number
    let h = state[7] as number
    for (let i = 0; i < 64; i++) {
      const eMix = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const first = (h + eMix + ((e & f) ^ (~e & g)) + (k[i] as number) + (w[i] as number)) | 0
      const aMix = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      h = g
      g = f
      f = e
      e = (d + first) | 0
      d = c
      const majority = (a & b) ^ (a & c) ^ (b & c)
      c = b
      b = a
      a = (first + aMix + majority) | 0
    }
    state[0] = (state[0] as number) + a
    state[1] = (state[1] as number) + b
    state[2] = (state[2] as number) + c
    state[3] = (state[3] as number) + d
    state[4] = (state[4] as number) + e
    state[5] = (state[5] as number) + f
    state[6] = (state[6] as number) + g
    state[7] = (state[7] as number) + h
  }
}

const BLOCK_BYTES = 64

/** The fractional parts of roots of the first primes, of which the standard takes its constants. */
function fractionsOf(root: (prime: number) => number, count: number): Int32Array {
  const fractions = new Int32Array(count)
  let prime = 2
  for (let index = 0; index < count; prime++) {
    if (!isPrime(prime)) continue
    const value = root(prime)
    fractions[index++] = Math.floor((value - Math.floor(value)) * 2 ** 32)
  }
  return fractions
}

function isPrime(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false
  return true
}

const INITIAL = fractionsOf(Math.sqrt, 8)
const ROUNDS = fractionsOf(Math.cbrt, 64)
