/** Types that browsers run or link from, which nobody should be sent to by a link: they are saved instead. */
const ACTIVE = /^(?:text\/(?:html|xml|xsl|javascript)|application\/(?:xml|javascript|ecmascript)|[^;]+\+xml)/i

/**
 * Whether a browser shows a file or saves it, and under which name (RFC 6266). Pages, SVG and scripts are saved;
 * as images or by `fetch` they work all the same.
 */
export function dispositionOf(contentType: string, name: string): string {
  const kind = ACTIVE.test(contentType) ? 'attachment' : 'inline'
  if (name === '') return kind
  // For old programs; browsers take the other.
  const plain = name.replace(/[^\w .()-]/g, '_')
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encodeName(name)}`
}

function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
