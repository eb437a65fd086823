import { testSameFile } from './same-file.ts'

testSameFile('keys.js')
