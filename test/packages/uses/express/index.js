const http = require('http')
const { Duplex } = require('stream')
const express = require('express')

/** Functions can't listen; an application serves a request that a trigger brings as an event. */
const app = express()
app.use(express.json())
app.use(express.urlencoded({ extended: true }))
app.get('/users/:id', (request, response) => {
  response
    .cookie('seen', '1')
    .json({ id: request.params.id, page: Number(request.query.page), ip: request.ip })
})
app.post('/orders', (request, response) => {
  response.status(201).location('/orders/1').send(request.body)
})
app.get('/terms', (_request, response) => response.sendFile('terms.txt', { root: __dirname }))
app.get('/broken', async () => {
  throw new Error('no tea')
})
app.use((error, _request, response, _next) => response.status(error.status ?? 500).send(error.message))

exports.main = async () => ({
  user: await serve('GET', '/users/7?page=2'),
  json: await serve('POST', '/orders', { 'content-type': 'application/json' }, '{"a":[1,"二"]}'),
  form: await serve('POST', '/orders', { 'content-type': 'application/x-www-form-urlencoded' }, 'a[b]=1&c=2'),
  invalid: (await serve('POST', '/orders', { 'content-type': 'application/json' }, '{')).status,
  terms: await serve('GET', '/terms'),
  broken: await serve('GET', '/broken'),
  missing: (await serve('GET', '/nowhere')).status,
})

function serve(method, url, headers = {}, body = '') {
  return new Promise((resolve, reject) => {
    const written = []
    const socket = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        written.push(chunk)
        done()
      },
    })
    socket.remoteAddress = '203.0.113.7'
    const request = new http.IncomingMessage(socket)
    Object.assign(request, {
      method,
      url,
      headers: { ...headers, 'content-length': `${Buffer.byteLength(body)}` },
    })
    request.push(body)
    request.push(null)
    const response = new http.ServerResponse(request)
    response.assignSocket(socket)
    response.on('error', reject).on('finish', () => {
      const [head, ...text] = Buffer.concat(written).toString().split('\r\n\r\n')
      const header = name => new RegExp(`^${name}: (.*?)\r?$`, 'im').exec(head)?.[1]
      resolve({
        status: response.statusCode,
        type: header('content-type'),
        location: header('location'),
        cookie: header('set-cookie'),
        body: text.join('\r\n\r\n'),
      })
    })
    app(request, response)
  })
}
