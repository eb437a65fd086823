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
  const elements = inner.matchAll(ELEMENT)
  return Object.fromEntries([...elements].map(([, name = '', content = '']) => [name, readContent(content)]))
}

/** An element that has nothing but text and CDATA in it. */
const ELEMENT = /<([A-Za-z_]\w*)>((?:<!\[CDATA\[(?:(?!\]\]>)[\s\S])*\]\]>|[^<])*)<\/\1>/g
const CDATA = /<!\[CDATA\[([\s\S]*?)\]\]>/g
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function readContent(content: string): string {
  const sections = [...content.matchAll(CDATA)].map(([, text = '']) => text)
  if (sections.length > 0) return sections.join('')
  return content.replace(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => ENTITIES[entity] ?? '')
}
