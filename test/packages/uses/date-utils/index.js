require('date-utils')

exports.main = async () => {
  const day = new Date(2020, 1, 29, 8, 30, 5)
  return {
    formatted: day.toFormat('YYYY-MM-DD HH24:MI:SS'),
    month: day.toFormat('MMMM D, YYYY'),
    added: day.clone().add({ days: 1, hours: 2 }).toFormat('YYYYMMDD HH24'),
    days: Date.getDaysInMonth(2020, 1),
    between: new Date(2020, 0, 1).getDaysBetween(day),
    weekend: day.isWeekend(),
    ordinal: day.getOrdinalNumber(),
    compared: Date.compare(day, Date.today()) < 0,
    yesterday: Date.yesterday().isBefore(Date.today()),
  }
}
