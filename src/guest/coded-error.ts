/** An error with one of Node's codes. */
export function codedError<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}
