import { createHash } from 'node:crypto'
import type { WebReply, WebRequest, WebRoute } from './web-server.ts'

/** Stands in for object storage: objects, a list of them, and uploads in parts. */
export function makeCosRoute(): WebRoute {
  const objects = new Map<string, Buffer>()
  const parts = new Map<number, Buffer>()

  return request => {
    const key = decodeURIComponent(request.url.pathname).replace(/^\/cos\//, '')
    if (
      !/q-sign-algorithm=sha1&q-ak=AKID-1&.*q-signature=[\da-f]{40}/.test(request.headers.authorization ?? '')
    ) {
      return fail(403, 'AccessDenied')
    }
    if (key === '') return list(request, objects)
    if (request.method === 'POST') return upload(request, key, objects, parts)
    if (request.method === 'PUT') return put(request, key, objects, parts)
    const object = objects.get(key)
    if (object === undefined) return fail(404, 'NoSuchKey')
    const headers = { 'Content-Type': 'text/plain', 'Content-Length': `${object.length}`, ETag: tag(object) }
    return { headers, body: request.method === 'HEAD' ? '' : object }
  }
}

type Objects = Map<string, Buffer>

function put({ url, body }: WebRequest, key: string, objects: Objects, parts: Map<number, Buffer>): WebReply {
  const part = url.searchParams.get('partNumber')
  if (part === null) objects.set(key, body)
  else parts.set(Number(part), body)
  return { headers: { ETag: tag(body) } }
}

function upload({ url }: WebRequest, key: string, objects: Objects, parts: Map<number, Buffer>): WebReply {
  if (url.searchParams.has('uploads')) {
    parts.clear()
    return xml('InitiateMultipartUploadResult', `<Key>${key}</Key><UploadId>u-1</UploadId>`)
  }
  const whole = Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes))
  objects.set(key, whole)
  return xml('CompleteMultipartUploadResult', `<Key>${key}</Key><ETag>${tag(whole)}</ETag>`)
}

function list({ url }: WebRequest, objects: Objects): WebReply {
  if (url.searchParams.has('uploads')) {
    return xml('ListMultipartUploadsResult', '<IsTruncated>false</IsTruncated>')
  }
  const prefix = url.searchParams.get('prefix') ?? ''
  const found = [...objects].filter(([key]) => key.startsWith(prefix))
  const contents = found.map(
    ([key, bytes]) => `<Contents><Key>${key}</Key><Size>${bytes.length}</Size></Contents>`,
  )
  return xml('ListBucketResult', `<IsTruncated>false</IsTruncated>${contents.join('')}`)
}

function xml(root: string, inner: string, status = 200): WebReply {
  return { status, headers: { 'Content-Type': 'application/xml' }, body: `<${root}>${inner}</${root}>` }
}

function fail(status: number, code: string): WebReply {
  return xml('Error', `<Code>${code}</Code>`, status)
}

function tag(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`
}
