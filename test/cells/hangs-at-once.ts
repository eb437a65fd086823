/** A cell whose main thread hangs as soon as it is watched. */
import { writeSync } from 'node:fs'
import { CHANNEL_FD } from '../../src/cells/channel-fd.ts'
import { watchForOrphaning } from '../../src/cells/orphan-watch.ts'

watchForOrphaning()
writeSync(CHANNEL_FD, 'hanging\n')
for (;;);
