/**
 * What a function can't have, because of where it runs: Node's own error for that, with what to do instead.
 *
 * @param because why, or what to do instead, as a sentence without its full stop.
 */
export function notOffered(name: string, because: string): TypeError & { code: string } {
  const error = new TypeError(
    `The feature ${name} is unavailable on the current platform, a function in an isolate: ${because}.`,
  )
  return Object.assign(error, { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' })
}
