import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { encodeFrame } from '../../src/protocol/codec.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

const WATCH = { op: 'database.watch', args: { collection: 'c', filter: {} } } as const

/** Streams numbers for as long as it may. */
async function stream({ emit, cancellation: { signal } }: DoorCall): Promise<unknown> {
  if (emit === undefined) return 'no stream'
  for (let n = 1; !signal.aborted; n++) await emit({ n })
  return {}
}

async function openStream(options: Parameters<typeof openDoor>[0] = {}): Promise<RawPeer> {
  const { url } = await openDoor({ call: stream, ...options })
  const peer = await RawPeer.welcomed(url)
  peer.send({ type: 'call', id: 1, ...WATCH })
  return peer
}

describe('a streaming call', () => {
  test('sends an event, and the next once that one is acknowledged', async () => {
    const peer = await openStream()
    for (let sequence = 1; sequence <= 5; sequence++) {
      expect(await peer.next('event')).toEqual({ type: 'event', id: 1, sequence, event: { n: sequence } })
      await peer.call(9, 'functions.invoke', {})
      expect(peer.frames).toEqual([])
      peer.send({ type: 'ack', id: 1, sequence })
    }
    peer.terminate()
  })

  test('takes an ack twice or late, and refuses one of an event to come', async () => {
    const peer = await openStream()
    await peer.next('event')
    peer.send({ type: 'ack', id: 1, sequence: 1 })
    await peer.next('event')
    peer.send({ type: 'ack', id: 1, sequence: 1 })
    peer.send({ type: 'ack', id: 77, sequence: 5 })
    await peer.call(9, 'functions.invoke', {})
    expect(peer.frames).toEqual([])
    peer.send({ type: 'ack', id: 1, sequence: 3 })
    expect((await peer.next('error')).error).toMatchObject({
      code: 'CLOUDLET_PROTOCOL',
      message: 'Event 3 was acknowledged, but 2 is the last one sent.',
    })
    expect(await peer.closed).toMatchObject({ code: 4400 })
  })

  test.each([
    [{ type: 'ack', id: 1 }],
    [{ type: 'ack', id: -1, sequence: 1 }],
    [{ type: 'ack', id: 1, sequence: 'x' }],
    [{ type: 'ack', id: 1, sequence: 1, more: 1 }],
    [{ type: 'event', id: 1, sequence: 1, event: 1 }],
  ])('closes the session for %j', async frame => {
    const peer = await openStream()
    peer.sendBytes(encodeFrame(frame as never))
    expect(await peer.closed).toMatchObject({ code: 4400 })
  })

  test('ends when it is cancelled, and its id is free again', async () => {
    const peer = await openStream()
    await peer.next('event')
    peer.send({ type: 'cancel', id: 1 })
    expect((await peer.next('error', 1)).error.code).toBe('CLOUDLET_CANCELLED')
    peer.send({ type: 'call', id: 1, ...WATCH })
    expect((await peer.next('event')).sequence).toBe(1)
    peer.terminate()
  })

  test('ends when the door closes, without holding it up', async () => {
    const { url, door } = await openDoor({ call: stream, drainTimeoutMs: 60_000 })
    const peer = await RawPeer.welcomed(url)
    peer.send({ type: 'call', id: 1, ...WATCH })
    await peer.next('event')
    await door.close()
    expect((await peer.next('error', 1)).error.code).toBe('CLOUDLET_HOST_CLOSED')
  })

  test('fails with an event that can’t be sent', async () => {
    const call = async ({ emit }: DoorCall): Promise<unknown> => emit?.({ text: 'x'.repeat(2000) })
    const peer = await openStream({ call, maxFrameBytes: 1024 })
    expect((await peer.next('error', 1)).error).toMatchObject({
      code: 'CLOUDLET_VALUE',
      message: expect.stringContaining('over the limit of 1024'),
    })
    peer.terminate()
  })

  test(`is one of ${LIMITS.sessionWatches} in a session, beside its other calls`, async () => {
    const { url } = await openDoor({ call: stream, maxCallsInFlight: 1 })
    const peer = await RawPeer.welcomed(url)
    for (let id = 1; id <= LIMITS.sessionWatches + 1; id++) peer.send({ type: 'call', id, ...WATCH })
    const refused = await peer.next('error')
    expect(refused).toMatchObject({ id: LIMITS.sessionWatches + 1, error: { code: 'CLOUDLET_OVERLOADED' } })
    for (let id = 1; id <= LIMITS.sessionWatches; id++) await peer.next('event', id)
    expect(await peer.call(999, 'functions.invoke', {})).toBe('no stream')
    peer.terminate()
  })
})
