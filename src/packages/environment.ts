import { homedir } from 'node:os'
import { join } from 'node:path'
import { isSettingVariable, variablesIn } from './npmrc.ts'

/** What programs need to run at all, reach the network, and trust whom the machine trusts. */
const NEEDED: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR'],
  ...['USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'SYSTEMROOT', 'WINDIR', 'COMSPEC', 'PATHEXT', 'TEMP', 'TMP'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'PROXY', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
  ...['SSL_CERT_DIR', 'NPM_CONFIG_USERCONFIG', 'NPM_CONFIG_GLOBALCONFIG', 'NPM_CONFIG_CACHE'],
])

/**
 * The part of this process's environment that npm gets: no secrets but those that the .npmrc of the user takes from it,
 * and no setting but where packages come from and how to get there.
 *
 * @param userSettings text of that .npmrc.
 */
export function selectEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  userSettings: string,
): Record<string, string> {
  const taken = new Set(variablesIn(userSettings))
  const selected: Record<string, string> = { HOME: homedir() }
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue
    if (NEEDED.has(name.toUpperCase()) || taken.has(name) || isSettingVariable(name)) selected[name] = value
  }
  return selected
}

/** Where npm looks for the settings of the user. */
export function userSettingsFile(environment: Readonly<Record<string, string | undefined>>): string {
  const [, named] =
    Object.entries(environment).find(([name]) => name.toUpperCase() === 'NPM_CONFIG_USERCONFIG') ?? []
  return named ?? join(environment['HOME'] ?? homedir(), '.npmrc')
}
