// expect: ERR_ACCESS_DENIED|ENOTFOUND|ERR_INVALID_ARG_VALUE|EINVAL
const net = require('net')
exports.main = async ({ secret }) =>
  Promise.all(
    [
      '127.0.0.1',
      '127.255.255.254',
      'localhost',
      'LOCALHOST.',
      '::1',
      '0:0:0:0:0:0:0:1',
      '::ffff:127.0.0.1',
      '::FFFF:7F00:1',
      '0000:0000:0000:0000:0000:ffff:7f00:0001',
      '::127.0.0.1',
      '64:ff9b::127.0.0.1',
      '2002:7f00:1::1',
      '::',
      '0.0.0.0',
      '0',
      '127.1',
      '127.0.1',
      '2130706433',
      '0x7f000001',
      '0x7F.0.0.1',
      '0177.0.0.1',
      '017700000001',
      '127.0.0.1\0.example.com',
      'inside.test',
      'mapped.test',
      'zero.test',
      'fe80::1%lo',
      '::1%lo',
      '169.254.169.254',
      '10.0.0.1',
      '192.168.0.1',
      '172.16.0.1',
      '100.64.0.1',
      '224.0.0.1',
      '255.255.255.255',
      'fc00::1',
      'fd00:ec2::254',
    ].map(
      host =>
        new Promise(resolve => {
          try {
            net
              .connect({ host, port: secret })
              .on('error', ({ code, message }) => resolve(code || message))
              .on('connect', () => resolve(`reached ${host}`))
          } catch ({ code }) {
            resolve(code)
          }
        }),
    ),
  )
