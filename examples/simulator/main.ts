import { signGuestbook } from './signing.ts'

await signGuestbook(text => console.log(text))
console.log('Everything on the screens was as expected.')
