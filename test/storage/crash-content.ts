/** The bytes of one version of a file: its own name and number, repeated, so that a torn mix shows. */
export function versionContent(cloudPath: string, version: number): Buffer {
  // Every eighth has more than one block.
  const moreBytes = version % 8 === 0 ? 1_500_000 : 0
  return Buffer.alloc(200_000 + (version % 7) * 10_000 + moreBytes, `${cloudPath} ${version};`)
}
