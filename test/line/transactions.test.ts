import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CLIENT_RIGHTS } from '../../src/capabilities/bindings.ts'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { OPS } from '../../src/protocol/calls.ts'

let host: FunctionHost
beforeEach(async () => {
  host = new FunctionHost()
  await host.database.createCollection('accounts')
  await host.database.collection('accounts').add({
    data: [
      { _id: 'a', amount: 100 },
      { _id: 'b', amount: 0 },
    ],
  })
})
afterEach(() => host.close())

const SDK =
  "const cloud = require('wx-server-sdk'); cloud.init(); const db = cloud.database(); const _ = db.command\n"

async function deploy(name: string, body: string): Promise<void> {
  const source = `${SDK}exports.main = async event => { ${body} }`
  await host.deploy(name, { files: { 'index.js': source } })
}

async function amounts(): Promise<unknown[]> {
  const { data } = await host.database.collection('accounts').orderBy('_id', 'asc').get()
  return data.map(({ amount }) => amount)
}

const TRANSFER = `
  return await db.runTransaction(async t => {
    const accounts = t.collection('accounts')
    const { data } = await accounts.doc('a').get()
    if (data.amount < event.amount) await t.rollback({ code: -100, left: data.amount })
    await accounts.doc('a').update({ data: { amount: _.inc(-event.amount) } })
    await accounts.doc('b').update({ data: { amount: _.inc(event.amount) } })
    return data.amount - event.amount
  }, 100)`

describe('transactions of functions', () => {
  test('move money, or nothing at all', async () => {
    await deploy('transfer', `try { ${TRANSFER} } catch (reason) { return { reason } }`)
    expect((await host.invoke('transfer', { amount: 70 })).result).toBe(30)
    expect((await host.invoke('transfer', { amount: 70 })).result).toEqual({
      reason: { code: -100, left: 30 },
    })
    expect(await amounts()).toEqual([30, 70])
  })

  test('at the same time lose nothing', async () => {
    await deploy('transfer', TRANSFER)
    const runs = Array.from({ length: 20 }, () => host.invoke('transfer', { amount: 1 }))
    await Promise.all(runs)
    expect(await amounts()).toEqual([80, 20])
  })

  test('left open are rolled back when their invocation ends, however it ends', async () => {
    const leave =
      "const t = await db.startTransaction(); await t.collection('accounts').doc('a').update({ data: { amount: 1 } })"
    for (const end of ['return 1', "throw new Error('x')", 'for (;;);']) {
      await host.deploy('leave', {
        files: { 'index.js': `${SDK}exports.main = async event => { ${leave}; ${end} }` },
        config: { timeout: 2 },
      })
      await host.invoke('leave').catch(() => {})
      // It would wait for the transaction's own time limit else, which is longer than this test's.
      await host.database
        .collection('accounts')
        .doc('a')
        .update({ data: { touched: true } })
    }
    expect(await amounts()).toEqual([100, 0])
  }, 15_000)

  test('may be open so many at once', async () => {
    await deploy(
      'many',
      `const open = []
      for (let n = 0; n < ${LIMITS.invocationTransactions}; n++) open.push(await db.startTransaction())
      const one = await db.startTransaction().catch(error => error.errCode)
      await open[0].rollback()
      return [one, typeof (await db.startTransaction()).commit]`,
    )
    expect((await host.invoke('many')).result).toEqual([-501004, 'function'])
  })

  test('of a function can’t be reached without its rights, and indexes not at all', async () => {
    const source = `${SDK}exports.main = () => db.startTransaction().catch(error => error.errMsg)`
    await host.deploy('none', { files: { 'index.js': source } }, { capabilities: [] })
    expect((await host.invoke('none')).result).toContain('may not use database.startTransaction')
    await deploy(
      'index',
      'return [typeof db.createIndex, (await db.collection("accounts").where({ amount: 100 }).explain()).plan]',
    )
    expect((await host.invoke('index')).result).toEqual(['undefined', 'scan'])
  })
})

test('the host has transactions and indexes too', async () => {
  const { database } = host
  expect(await database.createIndex('accounts', { fields: { amount: 1 } })).toBe('amount_1')
  const moved = await database.runTransaction(async t => {
    await t
      .collection('accounts')
      .doc('b')
      .set({ data: { amount: 5 } })
    return t.collection('accounts').doc('b').get()
  })
  expect(moved.data).toEqual({ _id: 'b', amount: 5 })
  const { indexes, examined } = await database.collection('accounts').where({ amount: 5 }).explain()
  expect({ indexes, examined }).toEqual({ indexes: ['amount_1'], examined: 1 })
  await database.dropIndex('accounts', 'amount_1')
  await expect(database.dropIndex('accounts', 'amount_1')).rejects.toMatchObject({
    code: 'CLOUDLET_DATABASE',
    reason: 'DATABASE_REQUEST_FAILED',
  })
  await expect(database.createIndex('accounts', {} as never)).rejects.toMatchObject({ option: 'fields' })
})

test('clients have neither transactions nor indexes', () => {
  const kept = Object.keys(OPS).filter(op => /Transaction|Index|explain/.test(op))
  expect(kept).toHaveLength(12)
  expect(kept.filter(op => ![...CLIENT_RIGHTS.deniedOps].some(denied => denied === op))).toEqual([])
})
