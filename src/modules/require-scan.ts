/** `require('x')` and `require(anything else)`, wherever they stand: a name too many resolves to a file too many. */
const REQUIRE = /\brequire\s*\(\s*(?:(['"`])((?:(?!\1)[^\\\n$])+)\1\s*\)|(?=\S))/g
const RESOLVE = /\brequire\s*\.\s*resolve\s*\(\s*(['"`])((?:(?!\1)[^\\\n$])+)\1\s*\)/g

export interface RequireScan {
  readonly specifiers: ReadonlySet<string>
  readonly hasComputed: boolean
}

export function scanRequires(text: string): RequireScan {
  const specifiers = new Set<string>()
  let hasComputed = false
  for (const match of text.matchAll(REQUIRE)) {
    if (match[2] === undefined) hasComputed = true
    else specifiers.add(match[2])
  }
  for (const match of text.matchAll(RESOLVE)) specifiers.add(String(match[2]))
  return { specifiers, hasComputed }
}
