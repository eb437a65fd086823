const pad = number => String(number).padStart(2, '0')

// Of a Date, as the database gives it: "2019-01-31 08:05".
function formatTime(date) {
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-')
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}`
}

module.exports = { formatTime }
