import { isObject } from './parameters.ts'

/** Environment variables of the running invocation. */
export type Environment = Readonly<Record<string, string | undefined>>

/** `cloud.DYNAMIC_CURRENT_ENV`: the environment the function runs in. */
export const DYNAMIC_CURRENT_ENV: unique symbol = Symbol.for('SYMBOL_CURRENT_ENV')

/** `env` of init and of single calls: an id or DYNAMIC_CURRENT_ENV, or one of either per service. */
export type EnvOption =
  | string
  | typeof DYNAMIC_CURRENT_ENV
  | Readonly<Record<string, string | typeof DYNAMIC_CURRENT_ENV | undefined>>

export type CloudService = 'database' | 'functions' | 'storage'

/** Distinct environment ids one cloud object warns about; a program that makes up more has been told enough. */
const MAX_WARNED_ENVS = 20

/**
 * A host is one environment, so every id means that one. Programs written for the real cloud carry their
 * author's ids: the returned check lets them run and warns once per id that is not the current one's.
 */
export function createEnvCheck(
  environment: () => Environment,
  warn: (message: string) => void,
): (service: CloudService, env: unknown) => void {
  const warned = new Set<string>()
  return (service, env) => {
    const chosen: unknown = isObject(env) ? (env[service] ?? env['default']) : env
    if (typeof chosen !== 'string' || chosen === '') return
    const current = readCurrentEnv(environment())
    if (current === undefined || chosen === current) return
    if (warned.has(chosen) || warned.size >= MAX_WARNED_ENVS) return
    warned.add(chosen)
    warn(
      `Environment "${chosen}" is not this host's; "${current}" is used instead. ` +
        'Use env: cloud.DYNAMIC_CURRENT_ENV to run anywhere.',
    )
  }
}

/** The id of the current environment, if the platform has told it. */
export function readCurrentEnv(environment: Environment): string | undefined {
  return environment['TCB_ENV'] || environment['SCF_NAMESPACE'] || undefined
}

/** `config.env` of one call's options, which may be anything. */
export function readCallEnv(options: unknown): unknown {
  const config = isObject(options) ? options['config'] : undefined
  return isObject(config) ? config['env'] : undefined
}
