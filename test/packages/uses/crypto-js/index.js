const CryptoJS = require('crypto-js')
const AES = require('crypto-js/aes')

/** WeChat's encryptedData, as clients of the mini-program get it, and the usual digests. */
exports.main = async () => {
  const sessionKey = CryptoJS.enc.Base64.parse('MDEyMzQ1Njc4OWFiY2RlZg==')
  const iv = CryptoJS.enc.Base64.parse('ZmVkY2JhOTg3NjU0MzIxMA==')
  const options = { iv, mode: CryptoJS.mode.CBC, padding: CryptoJS.pad.Pkcs7 }
  const text = JSON.stringify({ openId: 'o-1', nickName: '小明' })
  const encrypted = AES.encrypt(text, sessionKey, options).toString()
  const salted = CryptoJS.AES.encrypt('message', 'passphrase').toString()
  return {
    encrypted,
    decrypted: JSON.parse(AES.decrypt(encrypted, sessionKey, options).toString(CryptoJS.enc.Utf8)),
    salted: CryptoJS.AES.decrypt(salted, 'passphrase').toString(CryptoJS.enc.Utf8),
    md5: CryptoJS.MD5('消息').toString(),
    sha256: CryptoJS.SHA256('消息').toString(CryptoJS.enc.Base64),
    hmac: CryptoJS.HmacSHA1('消息', 'key').toString(),
    pbkdf2: CryptoJS.PBKDF2('password', 'salt', { keySize: 4, iterations: 100 }).toString(),
    randomBytes: CryptoJS.lib.WordArray.random(16).sigBytes,
  }
}
