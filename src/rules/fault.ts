/** A permission or a rule can't be read. Engines make it an error of their own. */
export class RuleFault extends Error {}

export function ruleFault(message: string): RuleFault {
  return new RuleFault(`Security rule: ${message}.`)
}
