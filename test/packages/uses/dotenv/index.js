const path = require('path')
const dotenv = require('dotenv')

exports.main = async () => {
  const { parsed } = dotenv.config({ path: path.join(__dirname, 'settings.env'), quiet: true })
  const missing = dotenv.config({ path: path.join(__dirname, 'nothing.env'), quiet: true })
  return {
    parsed,
    process: [process.env.SHOP_NAME, process.env.SHOP_KEY],
    missing: missing.error.code,
    text: dotenv.parse(Buffer.from('A=1\nB="two\\nlines"\n')),
  }
}
