import { readFileSync } from 'node:fs'
import { InvalidOptionError, type WechatOptions } from '../index.ts'

/**
 * The mini-program whose users log in: `WECHAT_SECRET` of the environment or a file with the AppSecret, `WECHAT_APPID`
 * or the project's appid, and `WECHAT_API_URL` for another server than WeChat's. Undefined without a secret.
 *
 * The secret is taken out of the environment, which the processes of npm and of functions' packages get a copy of.
 *
 * @throws {InvalidOptionError} for a file that can't be read, or a secret without an appid.
 */
export function readWechatCredentials(
  file: string | undefined,
  projectAppid: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): WechatOptions | undefined {
  const { WECHAT_APPID: appid = projectAppid, WECHAT_SECRET: given, WECHAT_API_URL: apiUrl } = environment
  delete environment['WECHAT_SECRET']
  const secret = file === undefined ? given : readSecret(file)
  if (secret === undefined || secret === '') return undefined
  if (appid === undefined || appid === '') {
    throw new InvalidOptionError(
      'wechat.appid',
      'There is a WeChat secret and no appid. Set WECHAT_APPID, or name the folder of a project whose project.config.json has one.',
    )
  }
  return { appid, secret, ...(apiUrl ? { apiUrl } : {}) }
}

function readSecret(file: string): string {
  let secret: string
  try {
    secret = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new InvalidOptionError(
      'wechatSecretFile',
      `--wechat-secret-file ${file}: ${(error as Error).message}`,
    )
  }
  if (secret !== '') return secret
  throw new InvalidOptionError('wechatSecretFile', `--wechat-secret-file ${file} is empty.`)
}
