const xlsx = require('node-xlsx')

exports.main = async () => {
  const rows = [
    ['姓名', 'age', 'member', 'since'],
    ['小明', 20, true, new Date(Date.UTC(2020, 0, 2))],
    ['Hong', 21.5, false, null],
  ]
  const options = { '!cols': [{ wch: 10 }], '!merges': [{ s: { r: 0, c: 0 }, e: { r: 0, c: 0 } }] }
  const buffer = xlsx.build(
    [
      { name: '名单', data: rows },
      { name: 'empty', data: [] },
    ],
    options,
  )
  const sheets = xlsx.parse(buffer, { cellDates: true })
  return {
    isBuffer: Buffer.isBuffer(buffer),
    magic: buffer.subarray(0, 2).toString(),
    names: sheets.map(({ name }) => name),
    // The library reads dates in local time.
    rows: sheets[0].data.map(row => row.map(cell => (cell instanceof Date ? cell.getUTCFullYear() : cell))),
  }
}
