import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FunctionHost } from 'cloudlet'
import { type Cloud, createCloud } from 'cloudlet/client'
import { ShopWindow } from './shop-window.ts'

const CLOUD_FUNCTIONS = fileURLToPath(new URL('./cloudfunctions', import.meta.url))
const GOODS = [
  { _id: 'cup', category: 'tea', name: 'Cup', price: 12, stock: 3 },
  { _id: 'pot', category: 'tea', name: 'Pot', price: 45, stock: 1 },
  { _id: 'pen', category: 'desk', name: 'Pen', price: 2, stock: 9 },
]

/**
 * A shop: one user looks at the shelf of teaware while two others buy, and sees it change.
 *
 * @throws {Error} when anything but the expected comes back.
 */
export async function playMarket(print: (text: string) => void): Promise<void> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'cloudlet-market-'))
  const host = new FunctionHost({ dataDirectory })
  try {
    const { failed } = await host.deployDirectory(CLOUD_FUNCTIONS)
    assert.deepEqual(failed, [])
    // The host is the administrator that the platform's console is.
    await host.database.collection('goods').add({ data: GOODS })
    const { url } = await host.listen({ port: 0 })
    const [lan, ming, hong] = ['o-lan', 'o-ming', 'o-hong'].map(openid => createCloud({ url, openid }))
    assert.ok(lan && ming && hong)
    try {
      await play(print, lan, ming, hong)
      await explain(print, host)
    } finally {
      await Promise.all([lan.close(), ming.close(), hong.close()])
    }
  } finally {
    await host.close()
    await rm(dataDirectory, { recursive: true })
  }
}

async function play(print: (text: string) => void, lan: Cloud, ming: Cloud, hong: Cloud): Promise<void> {
  const shelf = await ShopWindow.open(lan, 'tea')
  print(`Lan sees ${shelf.describe()}.`)
  assert.equal(shelf.describe(), 'Cup × 3, Pot × 1')

  // One pot, two buyers: a transaction each, and one of them is too late.
  const buyers = await Promise.allSettled([buy(ming, 'pot'), buy(hong, 'pot')])
  const outcomes = buyers.map(outcome => (outcome.status === 'fulfilled' ? 'bought it' : 'was too late'))
  print(`Ming and Hong want the last pot: Ming ${outcomes[0]}, Hong ${outcomes[1]}.`)
  assert.deepEqual(outcomes.toSorted(), ['bought it', 'was too late'])
  const [refused] = buyers.filter(outcome => outcome.status === 'rejected')
  assert.match(String(refused?.reason), /Pot is sold out/)

  await Promise.all([buy(ming, 'cup'), buy(hong, 'cup'), buy(hong, 'pen')])
  await shelf.untilShown('Cup × 1, Pot × 0')
  print(`Lan sees ${shelf.describe()}, without having asked again.`)
  await shelf.close()

  const { result } = await lan.callFunction({ name: 'bestsellers' })
  print(`Bestsellers: ${JSON.stringify(result)}`)
  assert.deepEqual(result, [
    { name: 'Cup', sold: 2, revenue: 24 },
    { name: 'Pen', sold: 1, revenue: 2 },
    { name: 'Pot', sold: 1, revenue: 45 },
  ])
  await tryPermissions(print, lan, hong)
}

async function buy(visitor: Cloud, goodsId: string): Promise<unknown> {
  const { result } = await visitor.callFunction({ name: 'buy', data: { goodsId } })
  return result
}

/** `collections.json` says that goods are for reading, and an order its owner's alone. */
async function tryPermissions(print: (text: string) => void, lan: Cloud, hong: Cloud): Promise<void> {
  const { data: ofLan } = await lan.database().collection('orders').get()
  const { data: ofHong } = await hong.database().collection('orders').get()
  assert.equal(ofLan.length, 0)
  assert.ok(ofHong.length > 0 && ofHong.every(order => order._openid === 'o-hong'))
  const gift = hong
    .database()
    .collection('goods')
    .doc('pot')
    .update({ data: { price: 0 } })
  await assert.rejects(gift, { errCode: -502003 })
  print(`Hong reads her ${ofHong.length} orders, Lan none of them, and nobody changes a price.`)
}

/** Whether the index that `collections.json` asks for is used. */
async function explain(print: (text: string) => void, host: FunctionHost): Promise<void> {
  const query = host.database.collection('goods').where({ category: 'tea' }).orderBy('price', 'asc')
  const { plan, indexes, sort, examined } = await query.explain()
  assert.deepEqual({ plan, indexes, sort }, { plan: 'index', indexes: ['category_1_price_1'], sort: 'index' })
  print(`The shelf is read along the index ${indexes[0]}, in its order: ${examined} documents looked at.`)
}
