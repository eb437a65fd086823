// What a service that calls back sends is kept; anything but a POST of JSON is turned away.
const cloud = require('wx-server-sdk')
cloud.init()
const visits = cloud.database().collection('visits')

exports.main = async ({ httpMethod, body }) => {
  if (httpMethod !== 'POST') return answer(405, { error: 'POST a visit.' })
  let visit
  try {
    visit = JSON.parse(body)
  } catch {
    return answer(400, { error: 'That is no JSON.' })
  }
  await visits.add({ data: { from: String(visit.from), at: new Date() } })
  const { total } = await visits.count()
  return answer(201, { total })
}

function answer(statusCode, value) {
  return { statusCode, headers: { 'Content-Type': 'application/json' }, body: `${JSON.stringify(value)}\n` }
}
