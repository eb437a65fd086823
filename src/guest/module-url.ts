import { EncodeURI, StringSlice } from './intrinsics.ts'

/** As `import.meta.url` has it. */
export function urlOf(path: string): string {
  const encoded = EncodeURI(path)
  let url = 'file://'
  for (let index = 0; index < encoded.length; index++) {
    const char = StringSlice(encoded, index, index + 1)
    url += char === '?' ? '%3F' : char === '#' ? '%23' : char
  }
  return url
}
