import { type Cloud, type CloudOptions, createCloudOn } from './cloud.ts'
import { NodeFiles } from './node-files.ts'
import { openNodeSocket } from './node-socket.ts'

export type { Cloud, CloudOptions } from './cloud.ts'
export type { ConnectionStatus, RemoteCallOptions } from './connection.ts'

/**
 * `wx.cloud` for Node. A `filePath` is a path or a `file:` URL; a downloaded file's `tempFilePath` is in
 * a directory of this process under the system's one for temporary files, the caller's to delete.
 *
 * An open connection keeps the process alive: end with `close()`.
 *
 * @throws {InvalidOptionError}
 */
export function createCloud(options: CloudOptions): Cloud {
  return createCloudOn({ openSocket: openNodeSocket, files: new NodeFiles() }, options)
}
