/** The process that makes a startup snapshot, of the kind it is told, and writes it to its standard output (snapshot.ts). */
import { writeSync } from 'node:fs'
import { Isolate } from './ivm.ts'
import type { RuntimeKind } from './runtime-kind.ts'
import { sourcesOf, warmUpOf } from './snapshot-source.ts'

const kind = process.argv[2] as RuntimeKind
const bytes = new Uint8Array(Isolate.createSnapshot(sourcesOf(kind), warmUpOf(kind)).copy())
for (let start = 0; start < bytes.length; ) start += writeSync(1, bytes, start)
