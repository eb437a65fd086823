const ip = require('ip')

exports.main = async () => {
  const subnet = ip.cidrSubnet('192.168.1.134/26')
  return {
    own: ip.isV4Format(ip.address()),
    private: [ip.isPrivate('10.1.2.3'), ip.isPrivate('8.8.8.8'), ip.isLoopback('::1')],
    subnet: [subnet.firstAddress, subnet.broadcastAddress, subnet.contains('192.168.1.190'), subnet.numHosts],
    long: [ip.toLong('127.0.0.1'), ip.fromLong(2_130_706_433)],
    bytes: [ip.toBuffer('::ffff:1.2.3.4').toString('hex'), ip.toString(Buffer.from([1, 2, 3, 4]))],
    masked: ip.mask('192.168.1.134', '255.255.255.0'),
    equal: ip.isEqual('::ffff:127.0.0.1', '127.0.0.1'),
  }
}
