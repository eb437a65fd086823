/** Of the package whatwg-url, its state machine, for which it has no types. */
declare module 'whatwg-url/lib/url-state-machine.js' {
  export interface UrlRecord {
    scheme: string
    username: string
    password: string
    host: unknown
    port: number | null
    path: string | string[]
    query: string | null
    fragment: string | null
  }
  export function basicURLParse(
    input: string,
    options?: { baseURL?: UrlRecord; url?: UrlRecord; stateOverride?: string },
  ): UrlRecord | null
  export function serializeURL(url: UrlRecord): string
  export function serializePath(url: UrlRecord): string
  export function serializeHost(host: unknown): string
  export function setTheUsername(url: UrlRecord, username: string): void
  export function setThePassword(url: UrlRecord, password: string): void
  export function cannotHaveAUsernamePasswordPort(url: UrlRecord): boolean
  export function hasAnOpaquePath(url: UrlRecord): boolean
}
