const { Hono } = require('hono')
const { basicAuth } = require('hono/basic-auth')
const { cors } = require('hono/cors')
const { streamText } = require('hono/streaming')

const app = new Hono()
app.use('*', cors())
app.use('/admin/*', basicAuth({ username: 'ming', password: 'secret' }))
app.get('/users/:id{[0-9]+}', c => c.json({ id: c.req.param('id'), tags: c.req.queries('tag') }))
app.post('/orders', async c => {
  const { title, file } = await c.req.parseBody()
  return c.json({ title, file: [file.name, file.size, await file.text()] }, 201)
})
app.get('/count', c =>
  streamText(c, async stream => {
    for (const n of [1, 2, 3]) {
      await stream.writeln(`${n}`)
      await stream.sleep(1)
    }
  }),
)
app.get('/admin/secret', c => c.text('42'))
app.onError((error, c) => error.getResponse?.() ?? c.text(error.message, 500))
app.get('/broken', () => {
  throw new Error('no tea')
})

exports.main = async () => {
  const user = await app.request('/users/7?tag=a&tag=二')
  const form = new FormData()
  form.append('title', '订单')
  form.append('file', new File(['a,b\n'], 'a.csv', { type: 'text/csv' }))
  const order = await app.request('/orders', { method: 'POST', body: form })
  const headers = { authorization: `Basic ${btoa('ming:secret')}` }
  return {
    user: [user.status, await user.json(), user.headers.get('access-control-allow-origin')],
    order: [order.status, await order.json()],
    count: await (await app.request('/count')).text(),
    refused: (await app.request('/admin/secret')).status,
    allowed: await (await app.request('/admin/secret', { headers })).text(),
    broken: await (await app.request('/broken')).text(),
    missing: (await app.request('/users/x')).status,
  }
}
