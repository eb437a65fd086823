import { notOffered } from './not-offered.ts'

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
export function makeZip(): object {
  const refuse = (): never => {
    throw notOffered('ZIP archives of zlib', 'use a package such as jszip')
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
