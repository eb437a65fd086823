import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

const FOLDER = fileURLToPath(new URL('../../examples/typescript/cloudfunctions', import.meta.url))

test('the example in TypeScript runs, and its errors name its lines', async () => {
  await using host = new FunctionHost()
  const db = host.database
  await db.createCollection('goods')
  await db.collection('goods').add({ data: { _id: 'tea', cents: 1250 } })
  const { deployed, failed } = await host.deployDirectory(FOLDER)
  expect([deployed.map(({ name }) => name), failed]).toEqual([['price'], []])

  const lines = [{ good: 'tea', count: 2 }]
  expect((await host.invoke('price', { lines })).result).toEqual({
    cents: 2500,
    text: '¥25.00',
    grade: 'Guest',
  })
  expect((await host.invoke('price', { lines, grade: 2, currency: 'USD' })).result).toEqual({
    cents: 315,
    text: '$3.15',
    grade: 'Gold',
  })
  await expect(host.invoke('price', { lines, currency: 'EUR' })).rejects.toMatchObject({
    guest: {
      fields: { code: 'ERR_MODULE_NOT_FOUND' },
      message: expect.stringContaining('/var/user/formats/EUR.ts'),
    },
  })
  await expect(host.invoke('price', { lines: [{ good: 'gold', count: 1 }] })).rejects.toMatchObject({
    message: 'there is no gold to buy',
    guest: { stack: expect.stringContaining('at unitPrice (/var/user/pricing/order.ts:12:') },
  })
})
