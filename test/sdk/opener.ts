import { createDatabase } from '../../src/sdk/database.ts'
import { recordCalls } from './recorder.ts'

/** A server database over a recording. */
export function openDatabase(answers: Parameters<typeof recordCalls>[0] = {}, throwOnNotFound = true) {
  const recording = recordCalls(answers)
  const warnings: string[] = []
  const db = createDatabase({
    call: recording.call,
    profile: 'server',
    throwOnNotFound,
    warn: message => warnings.push(message),
    requestId: () => 'req-1',
  })
  return { recording, warnings, db, items: db.collection('items') }
}
