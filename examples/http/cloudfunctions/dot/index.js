// Bytes go as base64.
const GIF = 'R0lGODlhAQABAPAAAP8AAAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=='

exports.main = () => ({
  isBase64Encoded: true,
  statusCode: 200,
  headers: { 'Content-Type': 'image/gif', 'Cache-Control': 'max-age=3600' },
  body: GIF,
})
