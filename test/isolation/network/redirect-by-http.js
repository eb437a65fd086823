// expect: ERR_ACCESS_DENIED
const http = require('http')
const get = url => new Promise((resolve, reject) => http.get(url, resolve).on('error', reject))
exports.main = async ({ open, secret }) => {
  const outcomes = []
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', 'inside.test', 'zero.test']) {
    const first = await get(
      `http://127.0.0.1:${open}/redirect?to=${encodeURIComponent(`http://${host}:${secret}/`)}`,
    )
    first.resume()
    outcomes.push(
      await get(first.headers.location).then(
        () => `reached ${host}`,
        ({ code }) => code,
      ),
    )
  }
  return outcomes
}
