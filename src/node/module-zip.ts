import type { Realm } from './realm.ts'

const CLASSES = ['ZipEntry', 'ZipFile', 'ZipBuffer'] as const
const FUNCTIONS = [
  'createZipArchive',
  'createZipArchiveSync',
  'zipFiles',
  'getMaxZipContentSize',
  'setMaxZipContentSize',
] as const

/**
 * Node's archives, an experiment of its newest version that no function of the platform can know. Left out, since zlib
 * would load all of fs for them.
 */
export function makeZip(realm: Realm): object {
  const refuse = (): never => {
    const { codes } = realm.load('internal/errors')
    throw new codes.ERR_METHOD_NOT_IMPLEMENTED(
      'The ZIP archives of node:zlib; use a package such as jszip. Their',
    )
  }
  const classes = CLASSES.map(name => [
    name,
    {
      [name]: class {
        constructor() {
          refuse()
        }
      },
    }[name],
  ])
  return Object.fromEntries([...classes, ...FUNCTIONS.map(name => [name, refuse])])
}
