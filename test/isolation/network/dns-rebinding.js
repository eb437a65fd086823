// expect: ERR_ACCESS_DENIED|ETIMEDOUT|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|192\.88\.98\.1
// Public when the name is first asked for, loopback when it is asked for again: each connection is checked by itself.
const net = require('net')
const dns = require('dns').promises
exports.main = async ({ secret }) => {
  const outcomes = [
    await dns.lookup('rebinding.test').then(
      ({ address }) => address,
      ({ code }) => code,
    ),
  ]
  for (let index = 0; index < 4; index++) {
    outcomes.push(
      await new Promise(resolve =>
        net
          .connect(secret, 'rebinding.test')
          .on('error', ({ code }) => resolve(code))
          .on('connect', () => resolve('reached')),
      ),
    )
  }
  outcomes.push(
    await fetch(`http://rebinding.test:${secret}`).then(
      () => 'reached',
      ({ cause }) => cause.code,
    ),
  )
  return outcomes
}
