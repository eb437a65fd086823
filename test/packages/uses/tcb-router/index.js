const TcbRouter = require('tcb-router')

/** Middlewares for all routes run first, then the route's own, inside one another. */
exports.main = async () => {
  const order = []
  const run = async event => {
    const app = new TcbRouter({ event })
    app.use(async (ctx, next) => {
      ctx.data = { openid: event.openid }
      order.push('all')
      await next()
      order.push('all done')
    })
    app.router(['user', 'school'], async (_ctx, next) => {
      order.push('both')
      await next()
    })
    app.router('user', async (ctx, next) => {
      await next()
      order.push('user done')
      ctx.body = { code: 0, data: ctx.data }
    })
    app.router('user', async ctx => {
      await new Promise(resolve => setTimeout(resolve, 5))
      ctx.data.name = ctx._req.event.name
    })
    return app.serve()
  }
  const user = await run({ $url: 'user', openid: 'o-1', name: 'Ming' })
  const unknown = await run({ $url: 'nowhere', openid: 'o-1' })
  return { user, unknown: unknown === undefined, order }
}
