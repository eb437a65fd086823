const cloud = require('wx-server-sdk')
const TcbRouter = require('tcb-router')
const { readAllMessages } = require('./lib/messages')
const { summarise, rankAuthors } = require('./lib/statistics')
const languages = require('./locales/languages.json')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()

// One function with several routes: the client names one in `$url`.
exports.main = async event => {
  const app = new TcbRouter({ event })

  app.use(async (ctx, next) => {
    const language = languages.includes(event.language) ? event.language : languages[0]
    ctx.labels = require(`${__dirname}/locales/${language}.json`)
    ctx.messages = await readAllMessages(db)
    await next()
  })

  app.router('summary', async ctx => {
    ctx.body = { title: ctx.labels.summary, ...summarise(ctx.messages) }
  })

  app.router('ranking', async ctx => {
    ctx.body = { title: ctx.labels.ranking, authors: rankAuthors(ctx.messages) }
  })

  return app.serve()
}
