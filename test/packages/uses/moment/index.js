const moment = require('moment')
require('moment/locale/zh-cn')

exports.main = async () => {
  const day = moment.utc('2020-02-29T08:30:00Z')
  return {
    chinese: day.clone().locale('zh-cn').format('LLLL'),
    english: day.clone().locale('en').format('dddd, MMMM Do YYYY, h:mm:ss a'),
    nextYear: day.clone().add(1, 'year').format('YYYY-MM-DD'),
    shanghai: day.clone().utcOffset(8).format(),
    from: day.clone().locale('zh-cn').from(moment.utc('2020-03-02T08:30:00Z')),
    diff: moment.utc('2021-01-01').diff(day, 'days'),
    strict: moment('31/02/2020', 'DD/MM/YYYY', true).isValid(),
    week: day.isoWeek(),
    duration: moment.duration({ hours: 26, minutes: 3 }).toISOString(),
    unix: day.unix(),
  }
}
