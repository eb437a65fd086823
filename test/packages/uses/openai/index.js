const OpenAI = require('openai')

exports.main = async ({ http }) => {
  const client = new OpenAI({ apiKey: 'sk-test', baseURL: `${http}/openai/v1`, maxRetries: 1 })
  const ask = { model: 'small', messages: [{ role: 'user', content: '你好' }] }
  const answer = await client.chat.completions.create(ask)
  let streamed = ''
  let parts = 0
  for await (const part of await client.chat.completions.create({ ...ask, stream: true })) {
    streamed += part.choices[0].delta.content ?? ''
    parts++
  }
  const file = await client.files.create({
    file: await OpenAI.toFile(Buffer.from('{"a":1}\n'), 'lines.jsonl'),
    purpose: 'batch',
  })
  const unknown = await client.models.retrieve('unknown').catch(error => error)
  const ids = []
  for await (const model of client.models.list()) ids.push(model.id)
  const stranger = new OpenAI({ apiKey: 'wrong', baseURL: `${http}/openai/v1`, maxRetries: 0 })
  const refused = await stranger.models.list().catch(error => error)
  return {
    answer: answer.choices[0].message.content,
    streamed,
    parts,
    file: [file.filename, file.bytes],
    unknown: [unknown instanceof OpenAI.NotFoundError, unknown.status, unknown.message],
    ids,
    refused: refused.constructor.name,
  }
}
