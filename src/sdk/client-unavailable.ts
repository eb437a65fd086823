import { type ClientApi, createClientApi } from './callbacks.ts'
import { createFailure } from './wx-errors.ts'

/** An API that this cloud can't have: it fails with errCode -501021 and says what to do instead. */
export type UnavailableClientApi = ClientApi<object, never>

/** What of wx.cloud has no counterpart on a self-hosted host. Each is there, so that a program that tests for it runs. */
export interface UnavailableServices {
  readonly callContainer: UnavailableClientApi
  readonly connectContainer: UnavailableClientApi
  readonly services: { readonly Gateway: (options?: unknown) => never }
  readonly extend: {
    readonly AI: { readonly createModel: (model?: unknown) => never; readonly bot: UnavailableBot }
  }
}

type UnavailableBot = Readonly<Record<(typeof BOT_METHODS)[number], (options?: unknown) => never>>

const BOT_METHODS = [
  'get',
  'list',
  'create',
  'update',
  'delete',
  'getChatRecords',
  'sendFeedback',
  'getFeedBack',
  'getRecommendQuestions',
  'sendMessage',
] as const

export function createUnavailableServices(): UnavailableServices {
  const refuse = (api: string, hint: string) => (): never => {
    throw createFailure('client', `cloud.${api}`, -501021, hint)
  }
  const reject = (api: string, hint: string): UnavailableClientApi =>
    createClientApi(() => ({
      outcome: Promise.reject<never>(createFailure('client', `cloud.${api}`, -501021, hint)),
      otherwise: undefined,
    }))
  const bot: Partial<Record<(typeof BOT_METHODS)[number], () => never>> = {}
  for (const name of BOT_METHODS) bot[name] = refuse(`extend.AI.bot.${name}`, NO_AI)
  return {
    callContainer: reject('callContainer', NO_CONTAINERS),
    connectContainer: reject('connectContainer', NO_CONTAINERS),
    services: { Gateway: refuse('services.Gateway', NO_CONTAINERS) },
    extend: {
      AI: { createModel: refuse('extend.AI.createModel', NO_AI), bot: bot as UnavailableBot },
    },
  }
}

const NO_CONTAINERS = 'This host runs functions, no containers. Make it a function and use callFunction.'
const NO_AI =
  'This host has no models of its own. Ask a model from a function, and stream its answer through a watch.'
