import mime from 'mime'
import type { CloudPath } from './cloud-path.ts'

/** The media type a path's extension stands for, or `application/octet-stream`. */
export function contentTypeOf(path: CloudPath): string {
  // The slash keeps a bare name such as `png` from being read as an extension.
  return mime.getType(`/${path}`) ?? 'application/octet-stream'
}
