import { simulateGuestbook } from './guestbook/simulator.ts'
import { playMarket } from './market/market.ts'
import { playOpenapi } from './openapi/openapi.ts'
import { playRates } from './rates/rates.ts'

const print = (text: string): void => console.log(text)
try {
  await simulateGuestbook(print)
  print('\nNow a shop: watch, transactions, aggregation, indexes and permissions.\n')
  await playMarket(print)
  print('\nNow a function that asks a service over HTTP.\n')
  await playRates(print)
  print('\nNow functions that ask WeChat, which is played by the host.\n')
  await playOpenapi(print)
  print('\nEvery answer was as expected.')
} catch (error) {
  console.error('\nThe demo failed:', error)
  process.exitCode = 1
}
