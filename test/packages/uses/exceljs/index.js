const ExcelJS = require('exceljs')

exports.main = async () => {
  const book = new ExcelJS.Workbook()
  const sheet = book.addWorksheet('订单', { views: [{ state: 'frozen', ySplit: 1 }] })
  sheet.columns = [
    { header: '姓名', key: 'name', width: 20 },
    { header: 'price', key: 'price', style: { numFmt: '0.00' } },
    { header: 'made', key: 'made' },
  ]
  sheet.addRow({ name: '小明', price: 9.5, made: new Date(Date.UTC(2020, 1, 29)) })
  sheet.addRow({ name: 'Hong', price: 20, made: new Date(Date.UTC(2020, 2, 1)) })
  sheet.addRow(['sum', { formula: 'SUM(B2:B3)', result: 29.5 }])
  sheet.getRow(1).font = { bold: true }
  const buffer = await book.xlsx.writeBuffer()
  await book.xlsx.writeFile('/tmp/orders.xlsx')
  const back = new ExcelJS.Workbook()
  await back.xlsx.load(buffer)
  const streamed = []
  for await (const worksheet of new ExcelJS.stream.xlsx.WorkbookReader('/tmp/orders.xlsx')) {
    for await (const row of worksheet) streamed.push(row.getCell(1).value)
  }
  await book.csv.writeFile('/tmp/orders.csv')
  const csv = await new ExcelJS.Workbook().csv.readFile('/tmp/orders.csv')
  const first = back.getWorksheet('订单')
  return {
    rows: first
      .getSheetValues()
      .slice(1, 3)
      .map(row => row.slice(1)),
    bold: first.getRow(1).font.bold,
    sum: first.getCell('B4').value,
    streamed,
    csv: [csv.rowCount, csv.getCell('A2').value],
  }
}
