const axios = require('axios')
const FormData = require('form-data')

exports.main = async ({ http, https, ca }) => {
  const api = axios.create({ baseURL: http, timeout: 5000, headers: { 'X-App': 'shop' } })
  api.interceptors.request.use(config => ({ ...config, params: { ...config.params, token: 't-1' } }))
  const { data: json } = await api.get('/json', { params: { city: '成都' } })
  const redirected = await api.get('/redirect/2')
  const looping = await api.get('/redirect/9', { maxRedirects: 3 }).catch(error => error)
  const failed = await api.get('/status/503').catch(error => error)
  const late = await api.get('/never', { timeout: 100 }).catch(error => error)
  const { data: picture } = await api.get('/stream?bytes=1000', { responseType: 'arraybuffer' })
  const { data: stream } = await api.get('/stream?bytes=200000', { responseType: 'stream' })
  const form = new FormData()
  form.append('title', '头像')
  form.append('file', Buffer.from([1, 2, 3]), { filename: 'a.png', contentType: 'image/png' })
  const { data: secure } = await axios.get(`${https}/json`, {
    httpsAgent: new (require('https').Agent)({ ca }),
  })
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 50)
  const aborted = await api.get('/never', { signal: controller.signal }).catch(error => error)
  return {
    json,
    posted: (await api.post('/echo', { a: [1, '二'] })).data,
    encoded: (await api.post('/echo', new URLSearchParams({ a: '1', b: '2 3' }))).data,
    gzip: (await api.get('/gzip')).data,
    brotli: (await api.get('/brotli')).data,
    redirected: [redirected.request.path, redirected.status],
    looping: looping.code,
    failed: [failed.code, failed.response.status, failed.response.data],
    late: late.code,
    picture: [Buffer.isBuffer(picture), picture.length],
    streamed: await countBytes(stream),
    upload: (await api.post('/upload', form, { headers: form.getHeaders() })).data,
    global: (await api.postForm('/upload', { title: 'own', file: Buffer.from('abc') })).data,
    secure: secure.method,
    aborted: axios.isCancel(aborted),
  }
}

async function countBytes(stream) {
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  return bytes
}
