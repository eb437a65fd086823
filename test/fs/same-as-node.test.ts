import { expect, test } from 'vitest'
import { tellBoth } from './both.ts'

test.each(['sync.cjs', 'async.cjs'])('%s tells the same in a function as in Node', async program => {
  const { inFunction, inNode } = await tellBoth(program)
  expect(inFunction).toEqual(inNode)
  expect((inNode as unknown[]).length).toBeGreaterThan(35)
})
