/**
 * Measures: a warm invocation whose function awaits one call to the host, one at a time and 64 in flight; and
 * one whose function makes 64 such calls in one turn.
 * Excludes: making the instances; the work of the op, as far as there is an op that does next to nothing.
 * Run with: npm run bench -- bridge
 *
 * The floor calls an async host function by `Reference.apply` with `{ promise: true, copy: true }`, which looks
 * the argument up in a Map. The nearest to it in the SDK is the temp URL of a file that isn't there. A document
 * read by its id is what functions do in earnest: there the database's own work is included.
 *
 * One at a time all contenders are held to cores, as placement.ts explains.
 *
 * With 64 in flight the floor runs them interleaved in its one isolate. Ours has one invocation at a time in an
 * instance, as the platform does, so each that waits for the host keeps an isolate to itself.
 */
import { FunctionHost } from 'cloudlet'
import { checkField, MEMORY_MB } from './functions.ts'
import { type Contender, compare, type Question, roundsToWarmUp } from './harness.ts'
import { compareByPlacement } from './placement.ts'
import { RawFunction } from './raw.ts'

const IN_FLIGHT = 64

const RAW_CALL = `hostCall.apply(undefined, ['d1'], {
  arguments: { copy: true }, result: { promise: true, copy: true } })`
const CLOUD = `const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()`
const URL_CALL = `cloud.getTempFileURL({ fileList: ['cloud://local.files/none.png'] })`
const DOCUMENT_CALL = `db.collection('docs').doc('d1').get()`

export const bridge: Question = {
  name: 'bridge',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost({ publicUrl: 'http://127.0.0.1:1' })
    await host.database.createCollection('docs')
    await host.database.collection('docs').add({ data: { _id: 'd1', title: 'One' } })
    const one = await makeContenders(host, 'one', call => `await ${call}; return { count: 1 }`, 1)
    const many = await makeContenders(
      host,
      'many',
      call =>
        `const all = await Promise.all(Array.from({ length: ${IN_FLIGHT} }, () => ${call})); return { count: all.length }`,
      IN_FLIGHT,
    )
    return [
      ...(await compareByPlacement({
        title: 'Bridge: one host call in a function, one at a time',
        inFlight: 1,
        rounds: isQuick ? 50 : 250,
        warmUpRounds: roundsToWarmUp(50),
        callsPerRound: 50,
        contenders: withBar(one, 0.8),
      })),
      await compare({
        title: `Bridge: one host call in a function, ${IN_FLIGHT} in flight`,
        inFlight: IN_FLIGHT,
        rounds: isQuick ? 10 : 100,
        warmUpRounds: roundsToWarmUp(512),
        callsPerRound: 512,
        contenders: withBar(one, 3),
      }),
      await compare({
        title: `Bridge: ${IN_FLIGHT} host calls in one turn of a function, one invocation at a time`,
        inFlight: 1,
        operationsPerCall: IN_FLIGHT,
        rounds: isQuick ? 20 : 100,
        warmUpRounds: roundsToWarmUp(10 * IN_FLIGHT),
        callsPerRound: 10,
        contenders: withBar(many, 3),
      }),
    ]
  },
}

type Contenders = readonly [floor: Contender, cheapest: Contender, inEarnest: Contender]

/** The bar is for the op that costs next to nothing: the other has the database's work in it. */
function withBar([floor, cheapest, inEarnest]: Contenders, bar: number): Contenders {
  return [floor, { ...cheapest, bar }, inEarnest]
}

async function makeContenders(
  host: FunctionHost,
  name: string,
  bodyOf: (call: string) => string,
  count: number,
): Promise<Contenders> {
  const documents = new Map([['d1', { _id: 'd1', title: 'One' }]])
  const raw = await RawFunction.load(handlerSource(bodyOf(RAW_CALL)), MEMORY_MB, async id =>
    documents.get(id),
  )
  const deployed = async (label: string, suffix: string, call: string): Promise<Contender> => {
    const files = { 'index.js': `${CLOUD}\n${handlerSource(bodyOf(call))}` }
    const functionName = `${name}-${suffix}`
    await host.deploy(functionName, { files })
    return {
      name: label,
      run: async () => checkField((await host.invoke(functionName)).result, 'count', count),
    }
  }
  return [
    { name: 'raw Reference.apply', run: async () => checkField(await raw.call({}), 'count', count) },
    await deployed('cloudlet, temp URL of no file', 'url', URL_CALL),
    await deployed('cloudlet, document by id', 'document', DOCUMENT_CALL),
  ]
}

function handlerSource(body: string): string {
  return `exports.main = async event => { ${body} }`
}
