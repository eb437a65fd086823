const { sm2, sm3, sm4 } = require('miniprogram-sm-crypto')

exports.main = async () => {
  const { publicKey, privateKey } = sm2.generateKeyPairHex()
  const encrypted = sm2.doEncrypt('订单 42', publicKey)
  const signature = sm2.doSignature('订单 42', privateKey, { hash: true, der: true })
  const key = '0123456789abcdeffedcba9876543210'
  return {
    decrypted: sm2.doDecrypt(encrypted, privateKey),
    verified: sm2.doVerifySignature('订单 42', signature, publicKey, { hash: true, der: true }),
    forged: sm2.doVerifySignature('订单 43', signature, publicKey, { hash: true, der: true }),
    sm3: sm3('abc'),
    hmac: sm3('abc', { key: '0102' }),
    sm4: sm4.encrypt('订单 42', key),
    back: sm4.decrypt(sm4.encrypt('订单 42', key, { mode: 'cbc', iv: key }), key, { mode: 'cbc', iv: key }),
  }
}
