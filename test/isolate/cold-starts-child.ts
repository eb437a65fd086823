/** Calls one function after the other for the first time, with a line of output after each. */
import { FunctionHost } from '../../src/index.ts'

const host = new FunctionHost({ spareIsolates: 0 })
const files = { 'index.js': 'exports.main = async event => ({ sum: event.a + 1 })' }
for (let index = 0; index < 20; index++) {
  await host.deploy(`f${index}`, { files })
  await host.invoke(`f${index}`, { a: index })
  console.log('called')
}
await host.close()
