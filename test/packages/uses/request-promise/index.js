const rp = require('request-promise')

exports.main = async ({ http }) => {
  const missing = await rp(`${http}/status/404`).catch(error => error)
  const whole = await rp({ uri: `${http}/json`, resolveWithFullResponse: true })
  return {
    json: await rp({ uri: `${http}/json`, qs: { page: 2 }, json: true }),
    posted: await rp({ method: 'POST', uri: `${http}/echo`, body: { name: '红' }, json: true }),
    transformed: await rp({ uri: `${http}/html`, transform: body => /<h1>(.*)<\/h1>/.exec(body)[1] }),
    missing: [missing.name, missing.statusCode, missing.message],
    whole: [whole.statusCode, JSON.parse(whole.body).method],
    promised: await rp(`${http}/html`)
      .promise()
      .then(body => body.length)
      .finally(() => {}),
  }
}
