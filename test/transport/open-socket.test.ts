import { expect, test } from 'vitest'
import { openDoor } from './open-door.ts'
import { flood, headOf, upgradeRaw, waitForCut } from './raw-socket.ts'

const MEGABYTE = 1024 * 1024

test('who says no hello and goes on sending after it was closed for it is cut off', async () => {
  const { door } = await openDoor({ maxFrameBytes: 64 * MEGABYTE })
  const socket = await upgradeRaw(door.port)
  socket.write(headOf(48 * MEGABYTE))
  // Beside the two limits: what the kernels of both sides hold on to.
  expect(await flood(socket, 40 * MEGABYTE)).toBeLessThan(24 * MEGABYTE)
  await waitForCut(socket)
  await expect.poll(() => door.sessionCount).toBe(0)
})
