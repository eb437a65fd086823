/** Which instance of a function is next, which gives its place to another, and when one more is wanted. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Crew } from '../../src/isolate/crew.ts'
import type { Instance } from '../../src/isolate/instance.ts'

let crew: Crew
beforeEach(() => {
  crew = new Crew()
})

const makeInstance = (isCondemned = false) => {
  const dispose = vi.fn<Instance['dispose']>()
  const instance = { isolate: { isCondemned }, dispose } as unknown as Instance
  return { instance, dispose }
}
function run(instance: Instance): boolean {
  crew.take()
  crew.begin(instance)
  crew.end(instance)
  return crew.rest(instance)
}

describe('one that is to be relieved', () => {
  test('serves until another has run, and is disposed of then', () => {
    const [old, other] = [makeInstance(), makeInstance()]
    crew.add(old.instance)
    run(old.instance)
    expect(crew.displace(old.instance)).toBe(true)
    expect(run(old.instance)).toBe(true)
    crew.add(other.instance)
    expect(old.dispose).not.toHaveBeenCalled()
    run(other.instance)
    expect(old.dispose).toHaveBeenCalledOnce()
    expect(crew.next).toBe(other.instance)
    expect(crew.size).toBe(1)
  })

  test('while it is busy, as soon as it is not', () => {
    const [old, other] = [makeInstance(), makeInstance()]
    crew.add(old.instance)
    crew.take()
    crew.begin(old.instance)
    crew.displace(old.instance)
    crew.add(other.instance)
    run(other.instance)
    expect(old.dispose).not.toHaveBeenCalled()
    crew.end(old.instance)
    expect(crew.rest(old.instance)).toBe(false)
    expect(old.dispose).toHaveBeenCalledOnce()
  })

  test('needs none made if there is one that stays, or one in the making', () => {
    const [first, second, third] = [makeInstance(), makeInstance(), makeInstance(true)]
    for (const { instance } of [first, second, third]) crew.add(instance)
    expect(crew.displace(first.instance)).toBe(false)
    // The third is to go as well.
    expect(crew.displace(second.instance)).toBe(true)
    crew.makingCount++
    expect(crew.displace(second.instance)).toBe(false)
  })
})

test('who has lost one with its process makes no second before the first has run', () => {
  const { instance } = makeInstance()
  crew.makingCount++
  expect(crew.isRecovering).toBe(false)
  crew.noteLoss()
  expect(crew.isRecovering).toBe(true)
  crew.makingCount--
  crew.add(instance)
  crew.take()
  crew.begin(instance)
  expect(crew.isRecovering).toBe(true)
  crew.end(instance)
  crew.rest(instance)
  expect(crew.isRecovering).toBe(false)
})
