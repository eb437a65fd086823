/**
 * An object that complains by name about whatever else is read of it, in the place of "undefined is not a function".
 * Assigning something adds it; assigning `undefined` makes it something that isn't there, for code that asks.
 */
export function guard<Offered extends object>(
  name: string,
  offered: Offered,
  advise: (member: string) => string,
): Offered {
  return new Proxy(offered, {
    get: (target, member, receiver) => {
      if (typeof member === 'symbol' || member in target || ASKED_OF_ANYTHING.has(member)) {
        return Reflect.get(target, member, receiver)
      }
      throw new TypeError(
        `${name}.${member} is not offered by cloudlet/simulator (docs/simulator.md). ${advise(member)}`.trimEnd(),
      )
    },
  })
}

/** What promises, printers and test runners ask every object for. */
const ASKED_OF_ANYTHING = new Set(['then', 'toJSON', '$$typeof', 'asymmetricMatch', 'nodeType', 'tagName'])
