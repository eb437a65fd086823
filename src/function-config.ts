import stripJsonComments from 'strip-json-comments'
import type { DeclaredPath } from './declared-paths.ts'
import { DeployError } from './errors.ts'
import { readOpenapi } from './openapi-permissions.ts'
import { HTTP_PATH_HINT, isHttpPath } from './transport/http-paths.ts'

/** What a function gets when its config.json doesn't say. */
export interface FunctionDefaults {
  readonly timeoutMs: number
  /** Omitted: as long as timeoutMs. */
  readonly cpuMs?: number
  readonly memoryMb: number
  readonly functionConcurrency: number
}

/** What one function may take, after its config.json and the host's defaults. */
export interface FunctionConfig {
  /** Wall-clock limit of one invocation, in milliseconds. */
  readonly timeoutMs: number
  /** CPU time of one invocation, across its awaits, in milliseconds. */
  readonly cpuMs: number
  /** Heap cap of one instance, in megabytes. */
  readonly memoryMb: number
  /** Instances of this function that may run at once, each with one invocation at a time. */
  readonly concurrency: number
  /** An invocation may run twice: it is run again also when it has made host calls and its process ended by another's doing. */
  readonly idempotent: boolean
  /** APIs of `cloud.openapi` it may use, `*` for all. */
  readonly openapi: readonly string[]
  /** The path under which anyone may call it by HTTP, at doors without `httpPaths`. */
  readonly http?: DeclaredPath
  /** The function's own environment variables. */
  readonly environment: Readonly<Record<string, string>>
}

export interface ReadConfig {
  readonly config: FunctionConfig
  readonly warnings: readonly string[]
}

const OTHER_KEYS: ReadonlySet<string> = new Set(['envVariables', 'http', 'idempotent', 'permissions'])

/** Keys of the platform's config.json that mean something there and nothing here yet. */
const UNUSED_KEYS: ReadonlySet<string> = new Set(['triggers', 'runtime', 'handler', 'installDependency'])

const FIELDS = {
  timeout: { min: 0.001, max: 900, unit: 'seconds' },
  cpuMs: { min: 1, max: 900_000, unit: 'milliseconds' },
  memorySize: { min: 8, max: 4096, unit: 'megabytes' },
  concurrency: { min: 1, max: 1000, unit: 'invocations' },
} as const

/**
 * Reads a function's config.json: `timeout` (seconds), `cpuMs`, `memorySize` (MB), `concurrency`,
 * `idempotent`, `envVariables`, `http`, `permissions.openapi`.
 * Comments are accepted, with a warning, since the real cloud does not take them.
 *
 * @throws {DeployError} for text that isn't JSON or a value out of range.
 */
export function readFunctionConfig(
  functionName: string,
  text: string | undefined,
  defaults: FunctionDefaults,
): ReadConfig {
  const warnings: string[] = []
  const given = text === undefined ? {} : parse(functionName, text, warnings)
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(FIELDS, key) && !OTHER_KEYS.has(key) && !UNUSED_KEYS.has(key)) {
      warnings.push(`config.json: "${key}" is not a setting cloudlet knows; it is ignored.`)
    }
  }
  const timeoutSeconds = readNumber(functionName, given, 'timeout')
  const timeoutMs = timeoutSeconds === undefined ? defaults.timeoutMs : timeoutSeconds * 1000
  return {
    config: {
      timeoutMs,
      cpuMs: readNumber(functionName, given, 'cpuMs') ?? defaults.cpuMs ?? timeoutMs,
      memoryMb: readNumber(functionName, given, 'memorySize') ?? defaults.memoryMb,
      concurrency: readNumber(functionName, given, 'concurrency') ?? defaults.functionConcurrency,
      idempotent: readFlag(functionName, given, 'idempotent'),
      openapi: readOpenapi(given['permissions'], warnings, message => problem(functionName, message)),
      ...readHttp(functionName, given.http),
      environment: readEnvironment(functionName, given.envVariables, warnings),
    },
    warnings,
  }
}

function parse(functionName: string, text: string, warnings: string[]): Readonly<Record<string, unknown>> {
  const withoutMark = text.replace(/^\uFEFF/, '')
  const plain = stripJsonComments(withoutMark, { trailingCommas: true })
  if (plain !== withoutMark) {
    warnings.push('config.json has comments or trailing commas; the real cloud refuses those.')
  }
  let value: unknown
  try {
    value = JSON.parse(plain)
  } catch (error) {
    throw problem(functionName, `is not valid JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw problem(functionName, 'must hold one JSON object.')
  }
  return value as Record<string, unknown>
}

function readNumber(
  functionName: string,
  given: Readonly<Record<string, unknown>>,
  key: keyof typeof FIELDS,
): number | undefined {
  const value = given[key]
  if (value === undefined) return undefined
  const { min, max, unit } = FIELDS[key]
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw problem(
      functionName,
      `"${key}" is ${JSON.stringify(value)}, but must be a number of ${unit} from ${min} to ${max}.`,
    )
  }
  return key === 'timeout' ? value : Math.floor(value)
}

function readFlag(functionName: string, given: Readonly<Record<string, unknown>>, key: string): boolean {
  const value = given[key] ?? false
  if (typeof value === 'boolean') return value
  throw problem(functionName, `"${key}" is ${JSON.stringify(value)}, but must be true or false.`)
}

function readHttp(functionName: string, given: unknown): { readonly http?: DeclaredPath } {
  if (given === undefined) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw problem(functionName, '"http" must be an object, e.g. { "path": "/hello" }.')
  }
  const { path, wholePath = false, ...others } = given as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined)
    throw problem(functionName, `"http.${other}" is no setting; path and wholePath are.`)
  if (!isHttpPath(path)) {
    throw problem(functionName, `"http.path" is ${JSON.stringify(path)}, but must be ${HTTP_PATH_HINT}.`)
  }
  if (typeof wholePath !== 'boolean') throw problem(functionName, '"http.wholePath" must be true or false.')
  return { http: { path, wholePath } }
}

function readEnvironment(functionName: string, given: unknown, warnings: string[]): Record<string, string> {
  if (given === undefined) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw problem(functionName, '"envVariables" must be an object of strings.')
  }
  // A variable may be called __proto__, which would be set on a usual object and not kept.
  const variables = Object.create(null) as Record<string, string>
  for (const [key, value] of Object.entries(given)) {
    if (!/^[A-Za-z_]\w*$/.test(key)) {
      throw problem(functionName, `"envVariables.${key}": a name has letters, digits and _ only.`)
    }
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw problem(functionName, `"envVariables.${key}" must be a string.`)
    }
    variables[key] = String(value)
    if (key === 'TZ') {
      warnings.push(
        'config.json: envVariables.TZ changes process.env only. Isolates share the time zone of the process: start it with TZ set.',
      )
    }
  }
  return variables
}

function problem(functionName: string, message: string): DeployError {
  return new DeployError(functionName, `Function "${functionName}": config.json ${message}`, {
    file: 'config.json',
  })
}
