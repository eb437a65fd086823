const FormData = require('form-data')
const got = require('got')

exports.main = async ({ http, https, ca }) => {
  const api = got.extend({ prefixUrl: http, retry: 0, hooks: { beforeRequest: [setToken] } })
  const redirected = await api('redirect/2')
  const failed = await api('status/503').catch(error => error)
  const late = await api('never', { timeout: 100 }).catch(error => error)
  const retried = await got(`${http}/flaky?id=got&failures=2`, {
    retry: { limit: 2, calculateDelay: ({ computedValue }) => (computedValue ? 1 : 0) },
  }).json()
  const form = new FormData()
  form.append('title', '头像')
  form.append('file', Buffer.from([1, 2, 3]), { filename: 'a.png' })
  return {
    json: await api('json', { searchParams: { city: '成都' } }).json(),
    posted: await api.post('echo', { json: { a: [1, '二'] } }).json(),
    encoded: await api.post('echo', { form: { a: 1 } }).json(),
    gzip: await api('gzip').json(),
    brotli: await api('brotli').json(),
    redirected: [redirected.url.slice(http.length), redirected.redirectUrls.length],
    failed: [failed.name, failed.response.statusCode],
    late: [late.name, late.event],
    retried,
    upload: await api.post('upload', { body: form }).json(),
    secure: (await got(`${https}/json`, { https: { certificateAuthority: ca } }).json()).method,
    streamed: await countBytes(got.stream(`${http}/stream?bytes=200000`)),
    pages: await got.paginate.all(`${http}/page?n=1`, {
      responseType: 'json',
      pagination: { transform, paginate },
    }),
  }
}

function setToken(options) {
  options.headers['x-token'] = 't-1'
}

const transform = ({ body }) => body.items

function paginate(response) {
  const { next } = response.body
  return next === null ? false : { searchParams: { n: next } }
}

async function countBytes(stream) {
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  return bytes
}
