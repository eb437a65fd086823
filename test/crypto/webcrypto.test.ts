import { testSameFile } from './same-file.ts'

testSameFile('webcrypto.js')
