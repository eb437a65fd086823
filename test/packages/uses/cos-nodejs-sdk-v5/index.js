const fs = require('fs')
const COS = require('cos-nodejs-sdk-v5')

exports.main = async ({ http }) => {
  const cos = new COS({
    SecretId: 'AKID-1',
    SecretKey: 'a-secret-key',
    Protocol: 'http:',
    Domain: `${new URL(http).host}/cos`,
    ConfCwd: '/tmp',
  })
  const where = { Bucket: 'shop-1250000001', Region: 'ap-guangzhou' }
  const put = await cos.putObject({ ...where, Key: '图/a.txt', Body: Buffer.from('hello') })
  const got = await cos.getObject({ ...where, Key: '图/a.txt' })
  await cos.getObject({ ...where, Key: '图/a.txt', Output: fs.createWriteStream('/tmp/a.txt') })
  const list = await cos.getBucket({ ...where, Prefix: '图/' })
  const missing = await cos.headObject({ ...where, Key: 'nothing' }).catch(error => error)
  fs.writeFileSync('/tmp/large.bin', Buffer.alloc(2_500_000, 7))
  const sliced = await cos.uploadFile({
    ...where,
    Key: 'large.bin',
    FilePath: '/tmp/large.bin',
    SliceSize: 1_048_576,
  })
  return {
    put: [put.statusCode, put.ETag],
    body: got.Body.toString(),
    file: fs.readFileSync('/tmp/a.txt', 'utf8'),
    list: list.Contents.map(({ Key, Size }) => [Key, Size]),
    missing: [missing.statusCode, missing.code],
    sliced: [sliced.statusCode, sliced.ETag],
    signed: /sign-algorithm=sha1&q-ak=AKID-1/.test(cos.getAuth({ Method: 'get', Key: 'a.txt' })),
  }
}
