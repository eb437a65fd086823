const fs = require('fs')
const request = require('request')

const ask = options =>
  new Promise((resolve, reject) => {
    request(options, (error, response, body) => (error ? reject(error) : resolve({ response, body })))
  })

exports.main = async ({ http, https, ca }) => {
  const json = await ask({ url: `${http}/json`, qs: { city: '成都' }, json: true })
  const redirected = await ask({ url: `${http}/redirect/3`, json: true })
  const unfollowed = await ask({ url: `${http}/redirect/1`, followRedirect: false })
  const zipped = await ask({ url: `${http}/gzip`, gzip: true, json: true })
  const form = await ask({ method: 'POST', url: `${http}/echo`, form: { a: 1, b: ['x', 'y'] }, json: true })
  const secure = await ask({ url: `${https}/json`, ca, json: true })
  const jar = request.jar()
  await ask({ url: `${http}/cookie`, jar })
  const cookies = await ask({ url: `${http}/echo`, jar, json: true })
  const upload = await ask({
    method: 'POST',
    url: `${http}/upload`,
    json: true,
    formData: {
      title: 'Two files',
      text: { value: Buffer.from('hello'), options: { filename: 'hello.txt', contentType: 'text/plain' } },
      code: fs.createReadStream(`${__dirname}/data.csv`),
    },
  })
  const late = await ask({ url: `${http}/never`, timeout: 100 }).catch(error => error)
  return {
    json: json.body,
    type: json.response.headers['content-type'],
    redirected: [redirected.response.request.uri.path, redirected.body.method],
    unfollowed: [unfollowed.response.statusCode, unfollowed.response.headers.location],
    zipped: zipped.body,
    form: form.body,
    secure: secure.body.query,
    cookies: cookies.body.cookie,
    upload: upload.body,
    late: late.code,
    streamed: await countBytes(request(`${http}/stream?bytes=300000`)),
  }
}

function countBytes(stream) {
  return new Promise((resolve, reject) => {
    const path = '/tmp/streamed'
    stream
      .on('error', reject)
      .pipe(fs.createWriteStream(path))
      .on('error', reject)
      .on('finish', () => resolve(fs.statSync(path).size))
  })
}
