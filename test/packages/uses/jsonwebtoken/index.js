const jwt = require('jsonwebtoken')

exports.main = async ({ key, cert }) => {
  const claims = { openid: 'o-1', role: 'admin', iat: 1_600_000_000 }
  const hs256 = jwt.sign(claims, 'secret', { issuer: 'shop' })
  const rs256 = jwt.sign(claims, key, { algorithm: 'RS256', expiresIn: '1h' })
  const verified = await new Promise((resolve, reject) => {
    jwt.verify(hs256, 'secret', { issuer: 'shop' }, (error, payload) =>
      error ? reject(error) : resolve(payload),
    )
  })
  return {
    hs256,
    hs512: jwt.sign(claims, 'secret', { algorithm: 'HS512' }).split('.')[2],
    verified,
    header: jwt.decode(rs256, { complete: true }).header,
    rs256: jwt.verify(rs256, cert, { algorithms: ['RS256'], clockTimestamp: 1_600_000_001 }).openid,
    ps256: jwt.verify(jwt.sign(claims, key, { algorithm: 'PS256' }), cert, { algorithms: ['PS256'] }).role,
    expired: nameOf(() => jwt.verify(rs256, cert)),
    tampered: nameOf(() => jwt.verify(`${hs256.slice(0, -2)}AA`, 'secret')),
    wrongKey: nameOf(() => jwt.verify(hs256, 'other')),
  }
}

function nameOf(run) {
  try {
    return run()
  } catch (error) {
    return `${error.name}: ${error.message}`
  }
}
