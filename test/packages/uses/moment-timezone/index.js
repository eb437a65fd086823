const moment = require('moment-timezone')

exports.main = async () => {
  const launch = moment.tz('2020-07-01 09:00', 'Asia/Shanghai')
  return {
    utc: launch.utc().format(),
    newYork: launch.clone().tz('America/New_York').format('YYYY-MM-DD HH:mm z'),
    winter: moment.tz('2020-01-01T00:00:00Z', 'Europe/Berlin').format(),
    summer: moment.tz('2020-07-01T00:00:00Z', 'Europe/Berlin').format(),
    gap: moment.tz('2020-03-29 02:30', 'Europe/Berlin').format(),
    zones: moment.tz.names().length > 500,
  }
}
