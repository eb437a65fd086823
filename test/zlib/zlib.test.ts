import { testSameFile } from '../crypto/same-file.ts'

testSameFile('zlib.js')
