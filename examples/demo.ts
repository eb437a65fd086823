import { simulateGuestbook } from './guestbook/simulator.ts'

try {
  await simulateGuestbook(text => console.log(text))
  console.log('\nEvery answer was as expected.')
} catch (error) {
  console.error('\nThe demo failed:', error)
  process.exitCode = 1
}
