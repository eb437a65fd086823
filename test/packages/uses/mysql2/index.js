const mysql = require('mysql2/promise')

exports.main = async ({ mysql: address }) => {
  const connection = await mysql.createConnection(address)
  await connection.query('DROP TABLE IF EXISTS orders')
  await connection.query(`CREATE TABLE orders (
    id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), price DECIMAL(8,2), made DATETIME, data BLOB) CHARSET utf8mb4`)
  const made = new Date(Date.UTC(2020, 1, 29, 8, 30))
  const [inserted] = await connection.query('INSERT INTO orders (name, price, made, data) VALUES ?', [
    [
      ['茶 🍵', 9.5, made, Buffer.from([0, 1, 255])],
      ["O'Hara; --", 20, made, null],
    ],
  ])
  const [rows, fields] = await connection.execute('SELECT * FROM orders WHERE price > ? ORDER BY id', [5])
  await connection.beginTransaction()
  await connection.execute('UPDATE orders SET price = price - ? WHERE id = ?', [4, 1])
  await connection.rollback()
  const duplicate = await connection.query('INSERT INTO orders (id) VALUES (1)').catch(error => error)
  const pool = mysql.createPool({ ...address, connectionLimit: 2 })
  const sums = await Promise.all([1, 2, 3, 4].map(n => pool.query('SELECT ? + 1 AS sum', [n])))
  let streamed = 0
  const series = connection.connection.query('SELECT seq, REPEAT("x", 100) AS x FROM seq_1_to_2000')
  for await (const row of series.stream()) streamed += row.x.length
  await Promise.all([connection.end(), pool.end()])
  const refused = await mysql.createConnection({ ...address, password: 'wrong' }).catch(error => error)
  return {
    inserted: [inserted.affectedRows, inserted.insertId],
    rows: rows.map(row => ({ ...row, made: row.made.toISOString(), data: row.data && [...row.data] })),
    fields: fields.map(({ name }) => name),
    duplicate: [duplicate.code, duplicate.errno],
    sums: sums.map(([[{ sum }]]) => sum),
    streamed,
    refused: refused.code,
  }
}
