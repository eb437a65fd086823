/** The bytes of one version of a file: its own name and number, repeated, so that a torn mix shows. */
export function versionContent(cloudPath: string, version: number): Buffer {
  return Buffer.alloc(200_000 + (version % 7) * 10_000, `${cloudPath} ${version};`)
}
