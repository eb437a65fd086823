/**
 * Packages that one works with where they are installed, by the text of its package.json: what it means when it computes
 * a name. None for a text that is no JSON.
 */
export function peerNames(manifestText: string): readonly string[] {
  const manifest = parse(manifestText)
  const names = new Set<string>()
  for (const field of ['peerDependencies', 'peerDependenciesMeta', 'optionalDependencies']) {
    const listed = manifest[field]
    if (typeof listed === 'object' && listed !== null) for (const name of Object.keys(listed)) names.add(name)
  }
  return [...names]
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch (error) {
    // Whoever needs what it says finds out: here it is a guess at more.
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
