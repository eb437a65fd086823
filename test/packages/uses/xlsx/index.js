const fs = require('fs')
const XLSX = require('xlsx')

exports.main = async () => {
  const book = XLSX.utils.book_new()
  const sheet = XLSX.utils.json_to_sheet([
    { 姓名: '小明', price: 9.5 },
    { 姓名: 'Hong', price: 20 },
  ])
  sheet.D1 = { t: 'n', f: 'SUM(B2:B3)', v: 29.5 }
  sheet['!ref'] = 'A1:D3'
  XLSX.utils.book_append_sheet(book, sheet, '订单')
  const buffer = XLSX.write(book, { type: 'buffer', bookType: 'xlsx', compression: true })
  const back = XLSX.read(buffer, { type: 'buffer' })
  XLSX.writeFile(book, '/tmp/orders.xls', { bookType: 'biff8' })
  const old = XLSX.readFile('/tmp/orders.xls')
  const own = XLSX.readFile(`${__dirname}/prices.csv`)
  return {
    magic: buffer.subarray(0, 2).toString(),
    names: back.SheetNames,
    rows: XLSX.utils.sheet_to_json(back.Sheets.订单, { header: 1 }),
    formula: back.Sheets.订单.D1.f,
    old: XLSX.utils.sheet_to_csv(old.Sheets.订单),
    oldBytes: fs.statSync('/tmp/orders.xls').size > 1000,
    own: XLSX.utils.sheet_to_json(own.Sheets.Sheet1),
  }
}
