import { LIMITS } from 'cloudlet'
import { type Ending, expectFields, type Part } from './part.ts'

/** Long enough to be noticed, short enough for many. On a full host it may pass before there is a core to run on. */
const SHORT = { timeout: 0.2, concurrency: 2 }
const LATE: readonly Ending[] = ['CLOUDLET_DEADLINE', 'CLOUDLET_OVERLOADED']
/** Time for the memory limit to come first. */
const BOMB = { timeout: 10, memorySize: 16, concurrency: 1 }
/** Calls of `call-flood` beyond the limit. */
const REFUSED_CALLS = 20

const hostile = (part: Omit<Part, 'folder' | 'weight'> & { weight?: number }): Part => ({
  weight: 1,
  ...part,
  folder: 'hostile',
})

export const HOSTILE_PARTS: readonly Part[] = [
  hostile({ name: 'loop', config: SHORT, endings: LATE }),
  hostile({ name: 'loop-after-await', config: SHORT, endings: LATE }),
  hostile({ name: 'loop-in-timer', config: SHORT, endings: LATE }),
  hostile({ name: 'loop-in-getter', config: SHORT, endings: LATE }),
  hostile({ name: 'endless-awaits', config: SHORT, endings: LATE }),
  hostile({ name: 'never-settles', config: SHORT, endings: LATE }),
  hostile({ name: 'memory-bomb', config: BOMB, endings: ['CLOUDLET_MEMORY_LIMIT'] }),
  hostile({ name: 'buffer-bomb', config: BOMB, endings: ['CLOUDLET_FUNCTION_THREW'] }),
  hostile({ name: 'throws-getters', config: {}, endings: ['CLOUDLET_FUNCTION_THREW'] }),
  hostile({ name: 'huge-result', config: {}, endings: ['CLOUDLET_VALUE'] }),
  hostile({ name: 'deep-recursion', config: {}, endings: ['CLOUDLET_FUNCTION_THREW'] }),
  hostile({ name: 'log-flood', config: {}, endings: ['completed'] }),
  hostile({
    name: 'call-flood',
    config: {},
    endings: ['completed'],
    makeEvent: () => ({ callCount: LIMITS.hostCallsInFlight + REFUSED_CALLS }),
    findFault: result => expectFields(result, { refusedCount: REFUSED_CALLS }),
  }),
  hostile({
    name: 'waits',
    weight: 2,
    config: { concurrency: 8 },
    endings: ['CLOUDLET_CANCELLED'],
    cancelAfterMs: random => random.integer(1, 60),
  }),
]
