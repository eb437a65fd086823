import { testSameFile } from './same-file.ts'

testSameFile('hash.js')
