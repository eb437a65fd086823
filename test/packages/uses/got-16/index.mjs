import got from 'got-16'

export const main = async ({ http, https, ca }) => {
  const api = got.extend({ prefixUrl: http, retry: { limit: 0 } })
  const failed = await api('status/503').catch(error => error)
  const late = await api('never', { timeout: { request: 100 } }).catch(error => error)
  const form = new FormData()
  form.append('title', '头像')
  form.append('file', new Blob([Uint8Array.of(1, 2, 3)]), 'a.png')
  let bytes = 0
  for await (const chunk of got.stream(`${http}/stream?bytes=200000`)) bytes += chunk.length
  return {
    json: await api('json', { searchParams: { city: '成都' } }).json(),
    posted: await api.post('echo', { json: { a: [1, '二'] } }).json(),
    gzip: await api('gzip').json(),
    redirected: (await api('redirect/2')).redirectUrls.length,
    failed: [failed.name, failed.response.statusCode],
    late: [late.name, late.event],
    upload: await api.post('upload', { body: form }).json(),
    secure: (await got(`${https}/json`, { https: { certificateAuthority: ca } }).json()).method,
    bytes,
  }
}
