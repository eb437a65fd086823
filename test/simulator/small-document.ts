/**
 * As much of a DOM as miniprogram-simulate asks for to render a component in Node: a tree of elements and texts with
 * Node's own events. Projects of other people have jsdom or a browser there.
 */
export class SmallNode extends EventTarget {
  readonly tagName: string
  childNodes: SmallNode[] = []
  parentNode: SmallNode | undefined
  textContent = ''
  readonly attributes = new Map<string, string>()

  constructor(tagName: string) {
    super()
    this.tagName = tagName
  }

  appendChild(child: SmallNode): SmallNode {
    return this.insertBefore(child, null)
  }

  insertBefore(child: SmallNode, before: SmallNode | null): SmallNode {
    if (child.tagName === FRAGMENT) {
      for (const one of [...child.childNodes]) this.insertBefore(one, before)
      return child
    }
    child.parentNode?.removeChild(child)
    const at = before === null ? -1 : this.childNodes.indexOf(before)
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, child)
    child.parentNode = this
    return child
  }

  removeChild(child: SmallNode): SmallNode {
    this.childNodes = this.childNodes.filter(one => one !== child)
    child.parentNode = undefined
    return child
  }

  replaceChild(child: SmallNode, old: SmallNode): SmallNode {
    this.insertBefore(child, old)
    return this.removeChild(old)
  }

  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value))
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name)
  }

  /** All text below, as it would be read. */
  get text(): string {
    return this.textContent + this.childNodes.map(child => child.text).join('')
  }
}

const FRAGMENT = '#fragment'

export const smallDocument = {
  createElement: (tagName: string) => new SmallNode(tagName),
  createTextNode: (text: string) => Object.assign(new SmallNode('#text'), { textContent: text }),
  createDocumentFragment: () => new SmallNode(FRAGMENT),
  getElementsByTagName: () => [],
  querySelectorAll: () => [],
}
