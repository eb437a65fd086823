import { describe, expect, test } from 'vitest'
import { answerBytes, LargeAnswers } from '../../src/isolate/large-answers.ts'
import { LIMITS } from '../../src/limits.ts'

const ALL = LIMITS.hostLargeAnswerBytes

describe('calls with large answers', () => {
  test('run at once up to the limit, and one byte over waits until an answer has crossed', () => {
    const large = new LargeAnswers()
    const ran: string[] = []
    large.run(ALL - 1, () => ran.push('first'))
    large.run(1, () => ran.push('at the limit'))
    large.run(1, () => ran.push('one over'))
    expect(ran).toEqual(['first', 'at the limit'])
    large.taken(1)
    expect(ran).toEqual(['first', 'at the limit', 'one over'])
  })

  test('run in the order they were made: a small one does not overtake', () => {
    const large = new LargeAnswers()
    const ran: number[] = []
    large.run(ALL - 1, () => ran.push(0))
    large.run(2, () => ran.push(1))
    large.run(1, () => ran.push(2))
    expect(ran).toEqual([0])
    large.taken(ALL - 1)
    expect(ran).toEqual([0, 1, 2])
  })

  test('run by themselves where one is over the limit', () => {
    const large = new LargeAnswers()
    const ran: number[] = []
    large.run(ALL * 2, () => ran.push(0))
    large.run(ALL * 2, () => ran.push(1))
    expect(ran).toEqual([0])
    large.taken(ALL * 2)
    expect(ran).toEqual([0, 1])
  })

  test('never run once the invocation is over', () => {
    const large = new LargeAnswers()
    const ran: number[] = []
    large.run(ALL, () => ran.push(0))
    large.run(ALL, () => ran.push(1))
    large.end()
    large.taken(ALL)
    expect(ran).toEqual([0])
  })
})

describe('what an answer counts', () => {
  test.each([
    ['storage.download', {}, LIMITS.uploadChunkBytes],
    ['zlib.write', {}, LIMITS.zlibPieceBytes],
    ['crypto.random', { size: 65_536 }, 65_536],
    ['crypto.random', { size: 16 }, 0],
    ['crypto.derive', { size: 1e12 }, LIMITS.cryptoOutputBytes],
    ['crypto.hash', { algorithm: 'sha256' }, 0],
    ['crypto.hash', { outputLength: '65536' }, 0],
    ['crypto.random', null, 0],
    ['crypto.random', 'text', 0],
    ['database.get', { size: 1e6 }, 0],
    ['toString', {}, 0],
  ])('%s %j: %i', (op, args, bytes) => {
    expect(answerBytes(op, args)).toBe(bytes)
  })
})
