import { join } from 'node:path'
import { COLLECTIONS_FILE } from './collections-file.ts'
import type { DeploymentInfo } from './deployment.ts'
import { CloudletError, HostClosedError } from './errors.ts'
import { listFunctionFolders } from './function-folders.ts'

export interface DeployDirectoryResult {
  readonly deployed: readonly DeploymentInfo[]
  /** Folders that are no function, and a collections.json that can't be followed; the others are deployed all the same. */
  readonly failed: readonly { readonly name: string; readonly error: CloudletError }[]
}

export interface DirectoryDuties {
  readonly makeCollections: () => Promise<void>
  readonly deploy: (name: string, folder: string) => Promise<DeploymentInfo>
}

/**
 * Does both for a directory, one folder after the other, and tells what failed.
 *
 * @throws {InvalidOptionError} when the directory can't be read; {HostClosedError}.
 */
export async function deployFolders(
  directory: string,
  { makeCollections, deploy }: DirectoryDuties,
): Promise<DeployDirectoryResult> {
  const deployed: DeploymentInfo[] = []
  const failed: { name: string; error: CloudletError }[] = []
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof CloudletError) || error instanceof HostClosedError) throw error
      failed.push({ name, error })
    }
  }
  const names = listFunctionFolders(directory)
  await attempt(COLLECTIONS_FILE, makeCollections)
  for (const name of names) {
    await attempt(name, async () => {
      deployed.push(await deploy(name, join(directory, name)))
    })
  }
  return { deployed, failed }
}
