import { ValueError } from '../errors.ts'

/** The flat XML of WeChat Pay's API, version 2: one element per field. @throws {ValueError} for a name that is no element's. */
export function writePayXml(fields: Readonly<Record<string, string>>): string {
  const elements = Object.entries(fields).map(([name, value]) => {
    if (!/^[A-Za-z_]\w{0,63}$/.test(name)) {
      throw new ValueError(
        `params.${name.slice(0, 64)}`,
        'A field of WeChat Pay has letters, digits and _ in its name.',
      )
    }
    return `<${name}><![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]></${name}>`
  })
  return `<xml>${elements.join('')}</xml>`
}

/** What stands in one, or undefined for what is none. Nothing in it is resolved: there are no entities but XML's five. */
export function readPayXml(text: string): Record<string, string> | undefined {
  const inner = /^\s*(?:<\?xml[^>]*\?>\s*)?<xml>([\s\S]*)<\/xml>\s*$/.exec(text)?.[1]
  if (inner === undefined) return undefined
  return Object.fromEntries(readElements(inner))
}

const OPENING = /<([A-Za-z_]\w*)>/y
const CDATA_START = '<![CDATA['
const CDATA_END = ']]>'

/**
 * The elements that have nothing but text and CDATA in them. By hand and without going back, where an expression would
 * look for the same end again and again.
 */
function* readElements(text: string): Generator<[name: string, content: string], void> {
  let at = text.indexOf('<')
  while (at >= 0) {
    OPENING.lastIndex = at
    const [opening, name] = OPENING.exec(text) ?? []
    if (opening === undefined || name === undefined) {
      at = text.indexOf('<', at + 1)
      continue
    }
    const { content, end } = readContent(text, at + opening.length)
    at = end
    const closing = `</${name}>`
    if (end >= 0 && text.startsWith(closing, end)) yield [name, content]
  }
}

/** Text and CDATA up to the tag at `end`, which is -1 when there is none. */
function readContent(text: string, start: number): { readonly content: string; readonly end: number } {
  const sections: string[] = []
  let end = text.indexOf('<', start)
  while (end >= 0 && text.startsWith(CDATA_START, end)) {
    const from = end + CDATA_START.length
    const until = text.indexOf(CDATA_END, from)
    if (until < 0) return { content: '', end: -1 }
    sections.push(text.slice(from, until))
    end = text.indexOf('<', until + CDATA_END.length)
  }
  const content =
    sections.length > 0 ? sections.join('') : resolveEntities(text.slice(start, Math.max(end, start)))
  return { content, end }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function resolveEntities(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => ENTITIES[entity] ?? '')
}
