'use strict'
// The process of one function, whose source is the first message. Started by fork.ts.
const guestExports = {}

process.once('message', ({ source }) => {
  new Function('exports', source)(guestExports)
  process.on('message', async ({ id, event }) => {
    try {
      process.send({ id, result: await guestExports.main(event, {}) })
    } catch (error) {
      process.send({ id, error: String(error) })
    }
  })
})
