// expect: ERR_ACCESS_DENIED|ENOTFOUND
// Where a redirect leads is looked up and checked as if the function had asked for it.
exports.main = async ({ open, secret }) => {
  const targets = [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '0.0.0.0',
    '[::]',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '127.0.0.1.',
    'inside.test',
    'mapped.test',
    'zero.test',
    'both.test',
    '①②⑦.0.0.1',
    '127。0。0。1',
  ].map(host => `http://${host}:${secret}/`)
  targets.push(
    'http://169.254.169.254/latest/meta-data/',
    'http://metadata.test/',
    'http://[fd00:ec2::254]/',
    'http://100.100.100.200/',
  )
  return Promise.all(
    targets.map(target =>
      fetch(`http://127.0.0.1:${open}/redirect?to=${encodeURIComponent(target)}`).then(
        async response => `reached ${target}: ${await response.text()}`,
        ({ cause }) => (cause && cause.code) || `unclear ${target} ${cause}`,
      ),
    ),
  )
}
