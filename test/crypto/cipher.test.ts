import { testSameFile } from './same-file.ts'

testSameFile('cipher.js')
