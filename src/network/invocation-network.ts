import { isIP } from 'node:net'
import { NetworkError, OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Address, readAddress } from './address.ts'
import { Connection, type Ends, type ReadResult, type SocketSettings } from './connection.ts'
import { KnownNames } from './known-names.ts'
import type { LookupOptions, RecordType } from './names.ts'
import type { Network } from './network.ts'
import { denyAddress, isOpen, type NetworkPolicy, requireName } from './policy.ts'
import { normaliseName } from './rule.ts'
import type { Secured, SecureOptions } from './secure.ts'

export interface FoundAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** What one invocation has of the network: its connections, the names it asked for, and what it has received. */
export class InvocationNetwork {
  readonly #network: Network
  readonly #policy: NetworkPolicy
  readonly #signal: AbortSignal | undefined
  readonly #connections = new Map<number, Connection>()
  readonly #names = new KnownNames()
  #lastId = 0
  /** Open ones and those that are coming about. */
  #connectionCount = 0
  #receivedBytes = 0
  #isOver = false

  constructor(network: Network, policy: NetworkPolicy, signal: AbortSignal | undefined) {
    this.#network = network
    this.#policy = policy
    this.#signal = signal
  }

  /**
   * The addresses of a name to which a connection may be made, on some port.
   *
   * @throws {CapabilityDeniedError} when there are none among those it has; {NetworkError} when it has none.
   */
  async lookup(hostname: string, options: LookupOptions): Promise<FoundAddress[]> {
    const op = 'network.lookup'
    const isAddress = isIP(hostname) !== 0
    const name = isAddress ? hostname : this.#requireName(op, hostname)
    const found = await this.#network.names.lookup(name, options, this, this.#signal)
    const addresses = found
      .map(({ address }) => readAddress(address))
      .filter(address => address !== undefined)
    if (!isAddress) this.#names.add(name, addresses)
    const open = addresses.filter(address => this.#isOpen(address, undefined))
    const [first] = addresses
    if (first === undefined) throw notFound(hostname)
    if (open.length === 0) throw this.#deny(op, first, undefined)
    return open.map(({ text, family }) => ({ address: text, family }))
  }

  /** @throws {CapabilityDeniedError} for a name that is not the function's to ask for; {NetworkError}. */
  async resolve(hostname: string, type: RecordType): Promise<unknown> {
    const name = this.#requireName('network.resolve', hostname)
    const records = await this.#network.names.resolve(name, type)
    this.#names.add(name, addressesIn(records))
    return records
  }

  /** @throws {CapabilityDeniedError} for an address that is not open; {NetworkError}. */
  async reverse(text: string): Promise<string[]> {
    const address = readAddress(text)
    if (address === undefined) throw new NetworkError('EINVAL', `getHostByAddr EINVAL ${text}`, {})
    if (!this.#isOpen(address, undefined)) throw this.#deny('network.reverse', address, undefined)
    return this.#network.names.reverse(address.text)
  }

  /**
   * Connects to an address, never to a name: what is checked is what is connected to.
   *
   * @throws {CapabilityDeniedError} for an address that is not open; {OverloadedError}; {NetworkError}.
   */
  async connect(text: string, port: number, settings: SocketSettings): Promise<Ends & { socket: number }> {
    const op = 'network.connect'
    const address = readAddress(text)
    if (address === undefined) {
      throw new NetworkError('EINVAL', `connect EINVAL ${text}:${port}`, { syscall: 'connect' })
    }
    if (!this.#isOpen(address, port)) throw this.#deny(op, address, port)
    this.#requireRoom()
    this.#connectionCount++
    this.#network.connectionCount++
    try {
      const { connectTimeoutMs } = this.#policy
      const connection = await Connection.open(address, port, settings, connectTimeoutMs, this.#signal)
      if (this.#isOver) {
        connection.close()
        throw new NetworkError('ECONNABORTED', 'The invocation has ended', {})
      }
      const id = ++this.#lastId
      this.#connections.set(id, connection)
      return { socket: id, ...connection.ends }
    } catch (error) {
      this.#forget()
      throw error
    }
  }

  /** @throws {NetworkError} when the handshake fails; the connection is closed then. */
  async secure(id: number, options: SecureOptions): Promise<Secured> {
    const connection = this.#find('network.secure', id)
    try {
      return await connection.secure(options, this.#policy.connectTimeoutMs, this.#signal)
    } catch (error) {
      this.close(id)
      throw error
    }
  }

  /** @throws {NetworkError} also when the invocation has received as much as it may. */
  async read(id: number): Promise<ReadResult> {
    const connection = this.#find('network.read', id)
    const { maxReceivedBytes } = this.#policy
    const result = await connection.read()
    this.#receivedBytes += result.content?.byteLength ?? 0
    if (this.#receivedBytes <= maxReceivedBytes) return result
    this.close(id)
    throw new NetworkError(
      'ERR_OUT_OF_RANGE',
      `The invocation has received more than ${maxReceivedBytes} bytes (network.maxReceivedMb). The host sets the limit.`,
      {},
    )
  }

  async write(id: number, content: Uint8Array): Promise<void> {
    await this.#find('network.write', id).write(content)
  }

  async endWriting(id: number): Promise<void> {
    await this.#find('network.end', id).end()
  }

  configure(id: number, settings: SocketSettings): void {
    this.#find('network.configure', id).configure(settings)
  }

  /** Of one that is closed it is no error. */
  close(id: number, isReset = false): void {
    const connection = this.#connections.get(id)
    if (connection === undefined) return
    this.#connections.delete(id)
    this.#forget()
    connection.close(isReset)
  }

  /** The invocation is over. */
  end(): void {
    this.#isOver = true
    for (const id of [...this.#connections.keys()]) this.close(id)
  }

  #forget(): void {
    this.#connectionCount--
    this.#network.connectionCount--
  }

  #requireRoom(): void {
    const { maxConnections } = this.#policy
    if (this.#connectionCount >= maxConnections) {
      throw new OverloadedError(
        `The invocation has ${maxConnections} connections open (network.maxConnections). Close some first; the host sets the limit.`,
      )
    }
    if (this.#network.connectionCount >= LIMITS.networkConnections) {
      throw new OverloadedError(`The host has ${LIMITS.networkConnections} connections of functions open.`)
    }
  }

  #requireName(op: string, hostname: string): string {
    const name = normaliseName(hostname)
    if (name === undefined) throw notFound(hostname)
    requireName(this.#policy, op, name)
    return name
  }

  #isOpen(address: Address, port: number | undefined): boolean {
    return isOpen(this.#policy, address, port, this.#names.of(address))
  }

  #deny(op: string, address: Address, port: number | undefined): Error {
    return denyAddress(op, this.#policy, address, port, this.#names.of(address))
  }

  #find(op: string, id: number): Connection {
    const connection = this.#connections.get(id)
    if (connection !== undefined) return connection
    throw new NetworkError('EBADF', `${op}: the socket is closed`, {})
  }
}

function notFound(hostname: string): NetworkError {
  return new NetworkError('ENOTFOUND', `getaddrinfo ENOTFOUND ${hostname}`, {
    syscall: 'getaddrinfo',
    hostname,
  })
}

/** Those of records with an address: A and AAAA. */
function addressesIn(records: unknown): Address[] {
  if (!Array.isArray(records)) return []
  return records
    .map(record => (typeof record?.address === 'string' ? readAddress(record.address) : undefined))
    .filter(address => address !== undefined)
}
