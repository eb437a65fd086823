const { Readable } = require('stream')
const iconv = require('iconv-lite')

exports.main = async () => {
  const gbk = iconv.encode('你好，world', 'gbk')
  const chunks = [gbk.subarray(0, 3), gbk.subarray(3)]
  let streamed = ''
  for await (const text of Readable.from(chunks).pipe(iconv.decodeStream('gbk'))) streamed += text
  return {
    gbk: gbk.toString('hex'),
    back: iconv.decode(gbk, 'gbk'),
    gb18030: iconv.encode('𠮷', 'gb18030').toString('hex'),
    big5: iconv.decode(Buffer.from('a7da', 'hex'), 'big5'),
    utf16: iconv.decode(iconv.encode('é', 'utf16'), 'utf16'),
    shiftJis: iconv.encode('日本', 'Shift_JIS').toString('hex'),
    latin1: iconv.decode(Buffer.from([233]), 'latin1'),
    exists: [iconv.encodingExists('gb2312'), iconv.encodingExists('nothing')],
    streamed,
  }
}
