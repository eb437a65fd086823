const nodemailer = require('nodemailer')

exports.main = async ({ smtp, ca }) => {
  const transport = nodemailer.createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: false,
    requireTLS: true,
    auth: { user: 'shop@example.com', pass: 'secret' },
    tls: { ca, servername: 'localhost' },
  })
  const verified = await transport.verify()
  const sent = await transport.sendMail({
    from: '"商店" <shop@example.com>',
    to: ['ming@example.com', 'hong@example.com'],
    subject: '订单 42',
    text: 'Your order is on its way.',
    html: '<p>Your order is <b>on its way</b>.</p>',
    attachments: [
      { filename: 'order.csv', content: Buffer.from('id,price\n42,9.9\n') },
      { filename: 'terms.txt', path: `${__dirname}/terms.txt` },
    ],
  })
  transport.close()
  const plain = nodemailer.createTransport({ host: smtp.host, port: smtp.port, ignoreTLS: true })
  const refused = await plain
    .sendMail({ from: 'a@example.com', to: 'nobody@example.com', text: 'x' })
    .catch(error => error)
  const { envelope, accepted, response } = sent
  return {
    verified,
    envelope,
    accepted,
    // The server says what it has read out of the message.
    received: JSON.parse(response.replace(/^250 /, '')),
    refused: [refused.code, refused.responseCode],
  }
}
