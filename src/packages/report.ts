import type { NpmOutcome } from './npm.ts'
import { PackageProblem } from './problem.ts'

const MAX_REASON_CHARS = 300

interface NpmError {
  readonly code: string
  readonly summary: string
  readonly detail: string
  /** Last lines of the error output. */
  readonly lines: readonly string[]
}

/** Whether a line of npm's output tells of an answer of the registry: a package's description or its tarball. */
export function isFetched(line: string): boolean {
  return /^npm http fetch GET 2\d\d /.test(line)
}

/** npm's code for why it failed, such as `E404`. */
export function errorCodeOf(outcome: NpmOutcome): string {
  return readError(outcome).code
}

/** The lock file and package.json ask for different packages. */
export function isOutOfStep(outcome: NpmOutcome): boolean {
  const { code, summary } = readError(outcome)
  return code === 'EUSAGE' && summary.includes('in sync')
}

/** What in them differs, in one line. */
export function differencesOf(outcome: NpmOutcome): string {
  const differences = readError(outcome).summary.match(/^(?:Missing|Invalid): .+$/gm) ?? []
  const [first = 'they differ', ...others] = differences
  return others.length === 0 ? first : `${first}, and ${others.length} more`
}

/** Why npm failed, in a sentence or two that name the package. */
export function problemOf(outcome: NpmOutcome): PackageProblem {
  const error = readError(outcome)
  const explain = EXPLANATIONS[error.code] ?? (NETWORK.has(error.code) ? explainNetwork : explainOther)
  const { subject, reason } = explain(error)
  const told = redact(subject === undefined ? reason : `"${subject}" ${reason}`)
  return new PackageProblem(told, subject === undefined ? undefined : withoutVersion(subject))
}

interface Explanation {
  /** Name of the package, with or without version. */
  readonly subject: string | undefined
  readonly reason: string
}

const NETWORK: ReadonlySet<string> = new Set([
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ERR_SOCKET_TIMEOUT', 'EIDLETIMEOUT', 'ERESPONSETIMEOUT', 'ECONNECTIONTIMEOUT'],
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ...['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID'],
])

const EXPLANATIONS: Readonly<Record<string, (error: NpmError) => Explanation>> = {
  E404: ({ summary, detail }) => ({
    subject: /'([^'\s]+)'/.exec(detail)?.[1] ?? nameInAddress(summary),
    reason: `is not in the registry${hostIn(summary)}, or not for everyone. Look at how its name is written.`,
  }),
  ETARGET: ({ summary }) => ({
    subject: /\bfor (\S+?)\.?$/m.exec(summary)?.[1],
    reason: 'is not in the registry: the package has no such version.',
  }),
  EINTEGRITY: ({ lines }) => ({
    subject: /tarball data for (\S+?)@(?:https?|file):/.exec(lines.join('\n'))?.[1],
    reason:
      'is not what its checksum says it is. Someone changed it, or the lock file is of another registry.',
  }),
  ENOTCACHED: ({ summary }) => ({
    subject: nameInAddress(summary),
    reason: "is not in npm's cache, and nothing is fetched while the host is told to stay offline.",
  }),
  EUSAGE: () => ({
    subject: undefined,
    reason: 'npm can\'t read the lock file. Make it anew with "npm install", or leave it out.',
  }),
  E401: explainRefusal,
  E403: explainRefusal,
  EALLOWGIT: refuse('comes from git, which is not fetched.'),
  EALLOWDIRECTORY: refuse("comes from a folder outside the function's own, which is not installed."),
  EALLOWFILE: refuse("comes from a file outside the function's own, which is not installed."),
  EBADENGINE: ({ detail, summary }) => ({
    subject: /npm: (\S+)/.exec(detail)?.[1],
    reason: `is not for this version of Node: ${/^Required: .+$/m.exec(detail)?.[0] ?? summary}.`,
  }),
  EBADPLATFORM: ({ summary }) => ({
    subject: /platform for (\S+?):/.exec(summary)?.[1],
    reason: `is not for ${process.platform} on ${process.arch}.`,
  }),
  ERESOLVE: ({ detail, summary }) => {
    const [, conflict = summary] =
      /Could not resolve dependency:\s*\n\s*(?:dev |peer |optional )*(.+)/.exec(detail) ?? []
    return {
      subject: /\bfrom (\S+@\S+)/.exec(conflict)?.[1],
      reason: `needs what the other packages don't fit: ${firstLine(conflict)}. Change a version, or set legacy-peer-deps=true in .npmrc.`,
    }
  },
}

function explainNetwork(error: NpmError): Explanation {
  const [, reason = error.code] = /reason: (.+)/.exec(error.summary) ?? []
  return {
    subject: nameInAddress(error.summary),
    reason: `can't be fetched${hostIn(error.summary)}: ${firstLine(reason)}. Look at the network, or the registry and proxy in .npmrc.`,
  }
}

function explainRefusal({ summary }: NpmError): Explanation {
  return {
    subject: nameInAddress(summary),
    reason: `is refused by the registry${hostIn(summary)}. It wants a login: a token in the .npmrc of the host's user, or another.`,
  }
}

function refuse(reason: string): (error: NpmError) => Explanation {
  return ({ detail, lines }) => ({
    subject:
      /Refusing to fetch "([^"]+?)@[^"@]*"/.exec(detail)?.[1] ??
      // Older versions, and folders, are told in the log alone.
      /placeDep \S+ (\S+?)@\S* OK for: .*want: (?:file:|[./~])/.exec(lines.join('\n'))?.[1],
    reason,
  })
}

function explainOther({ code, summary }: NpmError): Explanation {
  const reason = firstLine(summary)
  return {
    subject: undefined,
    reason: reason === '' ? `npm failed with ${code}.` : `npm: ${reason} (${code}).`,
  }
}

function readError({ output, lines }: NpmOutcome): NpmError {
  const told = parseError(output)
  const code = /^npm (?:ERR!|error) code (\S+)/m.exec(lines.join('\n'))?.[1] ?? 'no code'
  const last = lines.findLast(line => /^npm (?:ERR!|error) /.test(line))?.replace(/^npm \S+ /, '') ?? ''
  return {
    code: textIn(told, 'code') ?? code,
    summary: textIn(told, 'summary') ?? last,
    detail: textIn(told, 'detail') ?? '',
    lines,
  }
}

/** npm ends its output with `{"error": {…}}`; older ones don't when they fail early. */
function parseError(output: string): unknown {
  try {
    return JSON.parse(output.slice(output.indexOf('{'))).error
  } catch {
    return undefined
  }
}

function textIn(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const text: unknown = Reflect.get(value, key)
  return typeof text === 'string' ? text : undefined
}

/** `…/@scope%2fname/-/name-1.0.0.tgz` → `@scope/name`. */
function nameInAddress(text: string): string | undefined {
  const [address] = /https?:\/\/[^\s"']+/.exec(text) ?? []
  if (address === undefined || !URL.canParse(address)) return undefined
  const [path = ''] = new URL(address).pathname.replace(/%2f/gi, '/').split('/-/')
  return /(?:@[^/]+\/)?[^/]+$/.exec(path)?.[0]
}

function hostIn(text: string): string {
  const [address] = /https?:\/\/[^\s"']+/.exec(text) ?? []
  return address === undefined || !URL.canParse(address) ? '' : ` ${new URL(address).host}`
}

function withoutVersion(subject: string): string {
  const at = subject.lastIndexOf('@')
  return at > 0 ? subject.slice(0, at) : subject
}

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n')
  return line.replace(/\.$/, '').slice(0, MAX_REASON_CHARS)
}

/** A name and password in an address are nobody's to read. */
function redact(text: string): string {
  return text.replace(/(https?:\/\/)[^\s/@]+@/g, '$1***@')
}
