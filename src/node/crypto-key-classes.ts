import type { KeyHandle } from './crypto-key.ts'
import type { MakeWebKey } from './crypto-keygen.ts'
import type { Binding, Realm } from './realm.ts'

type WebKeyClass = new (handle: KeyHandle, algorithm: object, usages: number, extractable: boolean) => object

/** The classes under KeyObject and CryptoKey, which in Node are native: what they hold, no program's code can read. */
export function makeKeyClasses(realm: Realm): { binding: Binding; makeWebKey: MakeWebKey } {
  class NativeKeyObject {
    readonly #handle: KeyHandle

    constructor(handle: KeyHandle) {
      this.#handle = handle
    }

    static isOne(key: unknown): key is NativeKeyObject {
      return typeof key === 'object' && key !== null && #handle in key
    }

    static slots(key: NativeKeyObject): unknown[] {
      return [key.#handle.getKeyType(), key.#handle]
    }
  }

  class NativeCryptoKey {
    readonly #slots: readonly unknown[]

    constructor(
      handle: KeyHandle,
      algorithm: object,
      usages: number,
      extractable: boolean,
      second: unknown,
      seed: unknown,
    ) {
      this.#slots = [handle.getKeyType(), extractable, algorithm, usages, handle, second, seed]
    }

    static isOne(key: unknown): key is NativeCryptoKey {
      return typeof key === 'object' && key !== null && #slots in key
    }

    static slots(key: NativeCryptoKey): unknown[] {
      return [...key.#slots]
    }
  }

  const refuse = (kind: string): never => {
    throw new (realm.load('internal/errors').codes.ERR_INVALID_THIS)(kind)
  }
  let WebKey: WebKeyClass | undefined
  return {
    makeWebKey: (handle, algorithm, usages, extractable) => {
      if (WebKey === undefined) realm.load('internal/crypto/keys')
      return new (WebKey as WebKeyClass)(handle, algorithm, usages, extractable)
    },
    binding: {
      createNativeKeyObjectClass: (make: (base: unknown) => unknown) => make(NativeKeyObject),
      getKeyObjectSlots: (key: unknown) =>
        NativeKeyObject.isOne(key) ? NativeKeyObject.slots(key) : refuse('KeyObject'),
      isKeyObject: (key: unknown) => NativeKeyObject.isOne(key),
      createCryptoKeyClass: (make: (base: unknown) => [unknown, WebKeyClass]) => {
        const classes = make(NativeCryptoKey)
        WebKey = classes[1]
        return classes
      },
      getCryptoKeySlots: (key: unknown) =>
        NativeCryptoKey.isOne(key) ? NativeCryptoKey.slots(key) : refuse('CryptoKey'),
      isCryptoKey: (key: unknown) => NativeCryptoKey.isOne(key),
    },
  }
}
