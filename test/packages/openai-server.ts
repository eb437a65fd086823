import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { readUpload, type WebReply, type WebRequest, type WebRoute } from './web-server.ts'

/** Stands in for the API of OpenAI: a chat that repeats what it hears, whole or as a stream of events. */
export const OPENAI_ROUTES: Readonly<Record<string, WebRoute>> = {
  openai: async (request): Promise<WebReply> => {
    if (request.headers.authorization !== 'Bearer sk-test') return fail(401, 'no such key')
    switch (request.url.pathname) {
      case '/openai/v1/chat/completions':
        return chat(request)
      case '/openai/v1/models':
        return { body: { object: 'list', data: [{ id: 'small' }, { id: 'large' }] } }
      case '/openai/v1/files': {
        const { file } = (await readUpload(request)).body as { file: { name: string } }
        return { body: { id: 'f-1', filename: file.name, bytes: 8 } }
      }
      default:
        return fail(404, 'no such model')
    }
  },
}

function chat({ body }: WebRequest): WebReply {
  const { messages, stream } = JSON.parse(body.toString())
  const words = ['You', ' said: ', messages[0].content]
  if (stream !== true)
    return { body: { choices: [{ message: { role: 'assistant', content: words.join('') } }] } }
  return { headers: { 'Content-Type': 'text/event-stream' }, body: Readable.from(makeEvents(words)) }
}

async function* makeEvents(words: readonly string[]): AsyncGenerator<string> {
  for (const content of words) {
    yield `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`
    await setTimeout(5)
  }
  yield 'data: [DONE]\n\n'
}

function fail(status: number, message: string): WebReply {
  return { status, body: { error: { message } } }
}
