const fetch = require('node-fetch')
const FormData = require('form-data')

exports.main = async ({ http, https, ca }) => {
  const json = await fetch(`${http}/json?city=${encodeURIComponent('成都')}`)
  const redirected = await fetch(`${http}/redirect/2`)
  const manual = await fetch(`${http}/redirect/1`, { redirect: 'manual' })
  const looping = await fetch(`${http}/redirect/9`, { follow: 3 }).catch(error => error)
  const posted = await fetch(`${http}/echo`, {
    method: 'POST',
    body: JSON.stringify({ a: 1 }),
    headers: { 'Content-Type': 'application/json', 'X-Token': 't-1' },
  })
  const form = new FormData()
  form.append('title', '头像')
  form.append('file', Buffer.from([1, 2, 3]), { filename: 'a.png' })
  const upload = await fetch(`${http}/upload`, { method: 'POST', body: form })
  const late = await fetch(`${http}/never`, { timeout: 100 }).catch(error => error)
  const missing = await fetch(`${http}/status/404`)
  const agent = new (require('https').Agent)({ ca })
  let bytes = 0
  const { body } = await fetch(`${http}/stream?bytes=200000`)
  for await (const chunk of body) bytes += chunk.length
  return {
    json: await json.json(),
    type: json.headers.get('content-type'),
    redirected: [redirected.url.slice(http.length), redirected.redirected],
    manual: [manual.status, manual.headers.get('location').slice(http.length)],
    looping: looping.type,
    posted: await posted.json(),
    gzip: await (await fetch(`${http}/gzip`)).json(),
    upload: await upload.json(),
    late: late.type,
    missing: [missing.ok, missing.status, await missing.text()],
    secure: (await (await fetch(`${https}/json`, { agent })).json()).method,
    bytes,
  }
}
