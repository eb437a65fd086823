import { FunctionHost } from 'cloudlet'
import { makeCloudletPeer } from './peers/cloudlet.ts'
import { forkedProcess } from './peers/fork.ts'
import { functionsFramework } from './peers/functions-framework.ts'
import { miniflare } from './peers/miniflare.ts'
import type { Peer } from './peers/peer.ts'
import { quickjs } from './peers/quickjs.ts'
import { rawPeer } from './peers/raw.ts'
import { workerThreads } from './peers/worker-threads.ts'

/** In the order of the tables; the first is the floor. */
export const PEERS: readonly Peer[] = [
  rawPeer,
  makeCloudletPeer(() => new FunctionHost()),
  workerThreads,
  forkedProcess,
  quickjs,
  miniflare,
  functionsFramework,
]
