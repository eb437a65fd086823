// expect: ERR_INVALID_CHAR|ERR_INVALID_HTTP_TOKEN|ERR_UNESCAPED_CHARACTERS|TypeError|sent
// Line ends in whatever becomes part of a request. The server tells whether any got through.
const http = require('http')
const attempt = options =>
  new Promise(resolve => {
    try {
      http
        .request(options, response => {
          response.resume().on('end', () => resolve('sent'))
        })
        .on('error', ({ code }) => resolve(code))
        .end()
    } catch ({ code }) {
      resolve(code)
    }
  })
exports.main = async ({ open }) => {
  const base = { host: '127.0.0.1', port: open }
  const line = 'x\r\nInjected: yes'
  const outcomes = []
  for (const bad of [
    line,
    'x\nInjected: yes',
    'x\rInjected: yes',
    'x\0Injected: yes',
    'x\u010d\u010aInjected: yes',
  ]) {
    outcomes.push(await attempt({ ...base, headers: { a: bad } }))
    outcomes.push(await attempt({ ...base, headers: { a: ['fine', bad] } }))
    outcomes.push(await attempt({ ...base, headers: ['a', bad] }))
    outcomes.push(await attempt({ ...base, headers: { [bad]: 'a' } }))
    outcomes.push(await attempt({ ...base, path: `/${bad}` }))
    outcomes.push(await attempt({ ...base, method: bad }))
    outcomes.push(await attempt({ ...base, headers: { host: bad } }))
    outcomes.push(await attempt({ ...base, auth: bad }))
    for (const init of [{ headers: { a: bad } }, { headers: [[bad, 'a']] }, { method: bad }]) {
      outcomes.push(
        await fetch(`http://127.0.0.1:${open}`, init).then(
          () => 'sent',
          ({ name }) => name,
        ),
      )
    }
    outcomes.push(
      await fetch(`http://127.0.0.1:${open}/${bad}`).then(
        () => 'sent',
        ({ name }) => name,
      ),
    )
  }
  return outcomes
}
