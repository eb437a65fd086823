// The worker that loads functions as workers of their own. Runs inside workerd; started by miniflare.ts.
const MAIN = `import functionModule from './function.cjs'
export default {
  async fetch(request) {
    return Response.json(await functionModule.main(await request.json(), {}))
  },
}`

export default {
  async fetch(request, env) {
    const name = request.headers.get('x-function')
    const worker = env.LOADER.get(name, async () => {
      const source = await env.SOURCES.fetch(`http://sources/${name}`)
      return {
        compatibilityDate: '2026-07-01',
        mainModule: 'main.js',
        modules: { 'main.js': MAIN, 'function.cjs': { cjs: await source.text() } },
      }
    })
    return worker.getEntrypoint().fetch(request)
  },
}
