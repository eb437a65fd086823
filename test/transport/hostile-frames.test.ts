import { describe, expect, test } from 'vitest'
import { encodeFrame } from '../../src/protocol/codec.ts'
import fc from '../random.ts'
import { openDoor } from './open-door.ts'
import { RawPeer } from './raw-peer.ts'

describe('a hostile peer', () => {
  test('loses its own session over random and mutated frames; others keep answering', async () => {
    const { url, door, faults } = await openDoor()
    const neighbour = await RawPeer.welcomed(url, 'o-neighbour')
    const seeds = [
      encodeFrame({ type: 'call', id: 5, op: 'x', args: { content: new Uint8Array(9), a: [1, 'two'] } }),
      encodeFrame({ type: 'cancel', id: 5 }),
      encodeFrame({ type: 'hello', versions: [1], openid: 'o-1' }),
    ]
    const mutated = fc
      .tuple(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
        fc.nat(4),
      )
      .map(([seed, changes, cut]) => {
        const bytes = Uint8Array.from(seed)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        return bytes.subarray(0, bytes.length - cut)
      })
    let id = 0
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })),
        fc.boolean(),
        async (bytes, greets) => {
          const peer = greets ? await RawPeer.welcomed(url, 'o-hostile') : await RawPeer.connect(url)
          peer.sendBytes(bytes)
          id++
          expect(await neighbour.call(id, 'x', id)).toEqual({ op: 'x', args: id, openid: 'o-neighbour' })
          peer.terminate()
          await peer.closed
        },
      ),
      { numRuns: 400 },
    )
    await expect.poll(() => door.sessionCount).toBe(1)
    expect(faults).toEqual([])
    neighbour.terminate()
  })

  test.each([
    ['an extension type', 'd6ff00000000'],
    ['trailing bytes', 'c0c0'],
    ['an empty message', ''],
    ['an unknown type', '81a474797065a3666f6f'],
    ['a number for a frame', '05'],
  ])('is closed with 4400 for %s', async (_, hex) => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    peer.sendBytes(Buffer.from(hex, 'hex'))
    expect((await peer.next('error')).error.code).toBe('CLOUDLET_PROTOCOL')
    const { code, reason } = await peer.closed
    expect(code).toBe(4400)
    expect(reason).not.toBe('')
  })

  test('is closed with 1003 for a text message', async () => {
    const { url } = await openDoor()
    const peer = await RawPeer.welcomed(url)
    peer.sendBytes('{"type":"ping"}')
    expect((await peer.closed).code).toBe(1003)
  })

  test('may send the largest frame, and is closed with 1009 for a byte more', async () => {
    const { url } = await openDoor({ maxFrameBytes: 100_000, call: async () => 'taken' })
    const sized = (bytes: number) => {
      const frame = (length: number) =>
        encodeFrame({ type: 'call', id: 1, op: 'x', args: { content: new Uint8Array(length) } })
      return frame(bytes - (frame(90_000).length - 90_000))
    }
    const fits = await RawPeer.welcomed(url)
    expect(sized(100_000)).toHaveLength(100_000)
    fits.sendBytes(sized(100_000))
    expect(await fits.next('result', 1)).toMatchObject({ result: 'taken' })
    const over = await RawPeer.welcomed(url)
    over.sendBytes(sized(100_001))
    expect((await over.closed).code).toBe(1009)
    expect(await fits.call(2, 'x', {})).toBe('taken')
    fits.terminate()
  })

  test('cannot smuggle a prototype into arguments', async () => {
    const { url } = await openDoor({
      call: async ({ args }) => ({ isAdmin: Reflect.get(Object(args), 'isAdmin') === true, own: args }),
    })
    const peer = await RawPeer.welcomed(url)
    const result = await peer.call(1, 'x', JSON.parse('{"__proto__":{"isAdmin":true}}'))
    expect(result).toMatchObject({ isAdmin: false })
    expect(JSON.stringify(result)).toContain('__proto__')
    peer.terminate()
  })
})
