import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Deadlines } from '../../src/client/deadlines.ts'
import { performance as miniProgramClock } from '../../src/client/miniprogram-globals.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('each is due after its own time, whatever the order they were added in', () => {
  const due: string[] = []
  const deadlines = new Deadlines()
  deadlines.add(1000, () => due.push('a'))
  deadlines.add(20, () => due.push('b'))
  vi.advanceTimersByTime(15)
  deadlines.add(1000, () => due.push('c'))
  deadlines.add(20, () => due.push('d'))
  vi.advanceTimersByTime(4)
  expect(due).toEqual([])
  vi.advanceTimersByTime(1)
  expect(due).toEqual(['b'])
  vi.advanceTimersByTime(15)
  expect(due).toEqual(['b', 'd'])
  vi.advanceTimersByTime(965)
  expect(due).toEqual(['b', 'd', 'a'])
  vi.advanceTimersByTime(15)
  expect(due).toEqual(['b', 'd', 'a', 'c'])
  expect(vi.getTimerCount()).toBe(0)
})

test('one that is taken back is never due, and the next is at its time', () => {
  const due: string[] = []
  const deadlines = new Deadlines()
  const first = deadlines.add(100, () => due.push('first'))
  vi.advanceTimersByTime(60)
  const second = deadlines.add(100, () => due.push('second'))
  deadlines.remove(100, first)
  vi.advanceTimersByTime(99)
  expect(due).toEqual([])
  vi.advanceTimersByTime(1)
  expect(due).toEqual(['second'])
  deadlines.remove(100, second)
  deadlines.remove(7, second)
})

test('what is done when one is due may add and take back others', () => {
  const due: string[] = []
  const deadlines = new Deadlines()
  const add = (name: string): void => {
    deadlines.add(10, () => {
      due.push(name)
      if (name.length < 4) add(`${name}+`)
    })
  }
  add('a')
  vi.advanceTimersByTime(5)
  add('b')
  vi.advanceTimersByTime(5)
  const late = deadlines.add(10, () => due.push('late'))
  deadlines.add(10, () => deadlines.remove(10, late))
  vi.advanceTimersByTime(100)
  expect(due).toEqual(['a', 'b', 'a+', 'late', 'b+', 'a++', 'b++', 'a+++', 'b+++'])
  expect(vi.getTimerCount()).toBe(0)
})

test('a clock that is set back or forth changes nothing', () => {
  const due: string[] = []
  const deadlines = new Deadlines()
  deadlines.add(1000, () => due.push('back'))
  vi.advanceTimersByTime(300)
  vi.setSystemTime(Date.now() - 20_000)
  vi.advanceTimersByTime(700)
  expect(due).toEqual(['back'])
  deadlines.add(1000, () => due.push('forth'))
  vi.advanceTimersByTime(300)
  vi.setSystemTime(Date.now() + 20_000)
  deadlines.add(1000, () => due.push('next'))
  vi.advanceTimersByTime(699)
  expect(due).toEqual(['back'])
  vi.advanceTimersByTime(301)
  expect(due).toEqual(['back', 'forth', 'next'])
})

test('and one that is set back, where there is no other, makes none wait for that', () => {
  vi.stubGlobal('performance', miniProgramClock)
  const due: string[] = []
  const deadlines = new Deadlines()
  deadlines.add(1000, () => due.push('first'))
  vi.advanceTimersByTime(300)
  deadlines.add(1000, () => due.push('second'))
  vi.setSystemTime(Date.now() - 20_000)
  vi.advanceTimersByTime(700)
  expect(due).toEqual(['first'])
  vi.advanceTimersByTime(1000)
  expect(due).toEqual(['first', 'second'])
  vi.unstubAllGlobals()
})

test('all can be taken back at once, and nothing waits for them', () => {
  const deadlines = new Deadlines()
  for (const lengthMs of [10, 10, 500]) deadlines.add(lengthMs, () => expect.unreachable())
  deadlines.clear()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(1000)
})
