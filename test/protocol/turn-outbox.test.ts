import { beforeEach, describe, expect, test } from 'vitest'
import { decodeMessage, encodeFrame } from '../../src/protocol/codec.ts'
import { TurnOutbox } from '../../src/protocol/turn-outbox.ts'

const LARGE_BYTES = 1024 * 1024
const EARLY_COUNT = 16

/** What the network has: the frames of each write. */
let written: number[][] = []
let corked: number[] | undefined
let outbox: TurnOutbox
let lastId = 0

function idsOf(message: Uint8Array): number[] {
  return decodeMessage(message).frames.map(frame => (frame as { id: number }).id)
}

function send(count: number, chars = 0): void {
  for (let sent = 0; sent < count; sent++) {
    outbox.send(encodeFrame({ type: 'call', id: ++lastId, op: 'x', args: 'x'.repeat(chars) }))
  }
}

beforeEach(() => {
  written = []
  corked = undefined
  lastId = 0
  outbox = new TurnOutbox({
    send: message => {
      if (corked === undefined) written.push(idsOf(message))
      else corked.push(...idsOf(message))
    },
    cork: () => {
      corked = []
    },
    uncork: () => {
      if (corked !== undefined) written.push(corked)
      corked = undefined
    },
  })
})

const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('TurnOutbox', () => {
  test('sends the first at once and the rest at the end of the turn', () => {
    outbox.join(LARGE_BYTES)
    send(5)
    expect(written).toEqual([[1]])
    outbox.endTurn()
    expect(written).toEqual([[1], [2, 3, 4, 5]])
  })

  test('has the other side begin on the first of many before the turn is over', () => {
    outbox.join(LARGE_BYTES)
    send(1 + 2 * EARLY_COUNT + 3)
    expect(written).toEqual([[1], upTo(2, 17), upTo(18, 33)])
    outbox.endTurn()
    expect(written.slice(3)).toEqual([[34, 35, 36]])
  })

  test('keeps the order beside messages that are too large for a list', () => {
    outbox.join(LARGE_BYTES)
    send(3)
    send(1, 100_000)
    send(EARLY_COUNT)
    expect(written).toEqual([[1], upTo(2, 4 + EARLY_COUNT)])
    send(1)
    outbox.endTurn()
    expect(written.flat()).toEqual(upTo(1, lastId))
  })

  test('sends to who takes no lists in one write per turn', () => {
    send(40)
    expect(written).toEqual([[1]])
    outbox.endTurn()
    expect(written).toEqual([[1], upTo(2, 40)])
  })

  test('after much in one turn, lets the first of the next wait for the others', () => {
    outbox.join(LARGE_BYTES)
    send(8)
    outbox.endTurn()
    written = []
    send(3)
    expect(written).toEqual([])
    outbox.endTurn()
    expect(written).toEqual([[9, 10, 11]])
    send(1)
    expect(written.at(-1)).toEqual([12])
  })

  test('says of the first message of each turn that it is', () => {
    outbox.join(LARGE_BYTES)
    for (let turn = 0; turn < 2; turn++) {
      const said = Array.from({ length: 10 }, (_, id) =>
        outbox.send(encodeFrame({ type: 'call', id, op: 'x', args: null })),
      )
      expect(said).toEqual([true, ...Array(9).fill(false)])
      outbox.endTurn()
    }
  })
})
