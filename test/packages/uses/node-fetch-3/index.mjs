import fetch, { AbortError, Blob, FormData } from 'node-fetch-3'

export const main = async ({ http }) => {
  const redirected = await fetch(`${http}/redirect/2`)
  const form = new FormData()
  form.set('title', '头像')
  form.set('file', new Blob([Uint8Array.of(1, 2, 3)], { type: 'image/png' }), 'a.png')
  const upload = await fetch(`${http}/upload`, { method: 'POST', body: form })
  const aborted = await fetch(`${http}/never`, { signal: AbortSignal.timeout(50) }).catch(error => error)
  let bytes = 0
  const { body } = await fetch(`${http}/stream?bytes=200000`)
  for await (const chunk of body) bytes += chunk.length
  return {
    json: await (await fetch(`${http}/json`)).json(),
    gzip: await (await fetch(`${http}/gzip`)).json(),
    redirected: [redirected.url.slice(http.length), redirected.redirected],
    upload: await upload.json(),
    aborted: aborted instanceof AbortError,
    bytes,
  }
}
