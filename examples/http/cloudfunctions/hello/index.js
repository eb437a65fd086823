// Text is sent as text/plain.
exports.main = ({ path, queryStringParameters: { name = 'world' } }) =>
  `Hello, ${name}! You asked for ${path}\n`
