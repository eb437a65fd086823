import { Names } from './names.ts'

/** What the functions of a host share: the resolver, and how many connections there are. */
export class Network {
  readonly names: Names
  /** Of all invocations together. */
  connectionCount = 0

  /** `dnsServers`: asked instead of the system's resolver. */
  constructor(dnsServers?: readonly string[]) {
    this.names = new Names(dnsServers)
  }
}
