'use strict'
// The thread of one function. Started by worker-threads.ts.
const { parentPort, workerData } = require('node:worker_threads')

const guestExports = {}
new Function('exports', workerData.source)(guestExports)

parentPort.on('message', async ({ id, event }) => {
  try {
    parentPort.postMessage({ id, result: await guestExports.main(event, {}) })
  } catch (error) {
    parentPort.postMessage({ id, error: String(error) })
  }
})
