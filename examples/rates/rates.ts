/** Plays a service over HTTP and a function that asks it; what else this machine has stays closed to the function. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FunctionHost } from 'cloudlet'

const folder = new URL('cloudfunctions/', import.meta.url)

export async function playRates(print: (text: string) => void): Promise<void> {
  let askedCount = 0
  const service = createServer((request, response) => {
    askedCount++
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const rate = searchParams.get('from') === 'CNY' ? 0.14 : 7.1
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ rate }))
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { port } = service.address() as AddressInfo

  await using host = new FunctionHost()
  await host.database.createCollection('rates')
  const files = { 'index.js': readFileSync(new URL('rates/index.js', folder), 'utf8') }
  const deploy = (url: string) =>
    host.deploy(
      'rates',
      { files, config: { envVariables: { RATES_URL: url } } },
      { network: { allow: [`127.0.0.1:${port}`] } },
    )

  await deploy(`http://127.0.0.1:${port}`)
  const first = await host.invoke('rates', { from: 'CNY', to: 'USD' })
  const second = await host.invoke('rates', { from: 'CNY', to: 'USD' })
  print(
    `A rate from the service: ${JSON.stringify(first.result)}; asked again: ${JSON.stringify(second.result)}`,
  )
  assert.deepEqual(
    [first.result, second.result, askedCount],
    [{ rate: 0.14, isKept: false }, { rate: 0.14, isKept: true }, 1],
  )

  await deploy('http://127.0.0.1:6379')
  const refused = await host.invoke('rates', { from: 'USD', to: 'CNY' }).catch(error => error)
  print(`The same function, sent to another port of this machine: ${refused.message}`)
  assert.equal(refused.code, 'CLOUDLET_FUNCTION_THREW')
  service.close()
  service.closeAllConnections()
}
