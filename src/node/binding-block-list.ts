import type { Binding, Realm } from './realm.ts'

const AF_INET = 2
const AF_INET6 = 10
/** IPv4 addresses are compared as those mapped into IPv6, which is how Node does it. */
const MAPPED_PREFIX = 0xffffn

interface Detail {
  address: string
  port: number
  family: number
  flowlabel: number
}

interface Rule {
  readonly from: bigint
  readonly to: bigint
  readonly text: string
}

/** `net.BlockList` and `net.SocketAddress`: addresses compared, in the function. */
export function makeBlockListBinding(realm: Realm): Binding {
  const numberOf = (address: string, family: number): bigint => {
    if (family === AF_INET) {
      return address.split('.').reduce((number, part) => number * 256n + BigInt(part), MAPPED_PREFIX)
    }
    const bytes: Iterable<number> = realm.binding('cares_wrap').convertIpv6StringToBuffer(address) ?? []
    return [...bytes].reduce((number, byte) => number * 256n + BigInt(byte), 0n)
  }

  class SocketAddress {
    readonly #detail: Detail
    readonly number: bigint

    constructor(address: string, port: number, family: number, flowlabel: number) {
      const { canonicalizeIP } = realm.binding('cares_wrap')
      this.#detail = { address: canonicalizeIP(address) ?? address, port, family, flowlabel }
      this.number = numberOf(address, family)
    }

    detail(target: object): object {
      return Object.assign(target, this.#detail)
    }

    flowlabel(): number {
      return this.#detail.flowlabel
    }

    get text(): string {
      const { address, family } = this.#detail
      return `${family === AF_INET ? 'IPv4' : 'IPv6'} ${address}`
    }

    /** The addresses that begin with the same bits. */
    subnet(prefix: number): Rule {
      const { address, family } = this.#detail
      const rest = BigInt((family === AF_INET ? 32 : 128) - prefix)
      const from = (this.number >> rest) << rest
      const kind = family === AF_INET ? 'IPv4' : 'IPv6'
      return { from, to: from + (1n << rest) - 1n, text: `Subnet: ${kind} ${address}/${prefix}` }
    }

    get address(): string {
      return this.#detail.address
    }
  }

  return {
    AF_INET,
    AF_INET6,
    FLOW_LABEL_MASK: 0xfffff,
    SocketAddress,
    BlockList: makeBlockList(numberOf),
  }
}

interface Address {
  readonly number: bigint
  readonly text: string
  readonly address: string
  subnet(prefix: number): Rule
}

function makeBlockList(numberOf: (address: string, family: number) => bigint): object {
  return class BlockList {
    #rules: Rule[] = []

    addAddress(address: Address): void {
      this.#rules.unshift(ruleOf(address, address, `Address: ${address.text}`))
    }

    addAddresses(addresses: readonly Address[]): void {
      for (const address of addresses) this.addAddress(address)
    }

    /** False for a range that ends before it begins. */
    addRange(start: Address, end: Address): boolean {
      if (start.number > end.number) return false
      this.#rules.unshift(rangeOf(start, end))
      return true
    }

    addSubnet(network: Address, prefix: number): void {
      this.#rules.unshift(network.subnet(prefix))
    }

    removeAddress(address: Address): void {
      this.#remove(ruleOf(address, address, `Address: ${address.text}`))
    }

    removeRange(start: Address, end: Address): void {
      this.#remove(rangeOf(start, end))
    }

    removeSubnet(network: Address, prefix: number): void {
      this.#remove(network.subnet(prefix))
    }

    #remove({ text }: Rule): void {
      this.#rules = this.#rules.filter(rule => rule.text !== text)
    }

    check({ number }: Address): boolean {
      return this.#rules.some(({ from, to }) => number >= from && number <= to)
    }

    checkString(address: string, family: number): boolean {
      const number = numberOf(address, family)
      return this.#rules.some(({ from, to }) => number >= from && number <= to)
    }

    clear(): void {
      this.#rules = []
    }

    /** As Node lists them: single addresses, then what came last first. */
    getRules(): string[] {
      const texts = this.#rules.map(({ text }) => text)
      const isAddress = (text: string): boolean => text.startsWith('Address')
      return [...texts.filter(isAddress), ...texts.filter(text => !isAddress(text))]
    }

    getSize(): number {
      return this.#rules.length
    }
  }
}

function ruleOf(start: Address, end: Address, text: string): Rule {
  return { from: start.number, to: end.number, text }
}

function rangeOf(start: Address, end: Address): Rule {
  return ruleOf(start, end, `Range: ${start.text}-${end.address}`)
}
