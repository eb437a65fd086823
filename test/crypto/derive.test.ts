import { testSameFile } from './same-file.ts'

testSameFile('derive.js')
