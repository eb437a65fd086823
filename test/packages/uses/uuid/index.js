const { NIL, parse, stringify, v1, v3, v4, v5, v7, validate, version } = require('uuid')

exports.main = async () => {
  const random = Uint8Array.from({ length: 16 }, (_, index) => index)
  return {
    v1: version(v1()),
    v3: v3('hello.example.com', v3.DNS),
    v4: v4({ random }),
    v5: v5('你好', v5.URL),
    v7: v7({ msecs: 1_580_000_000_000, random }),
    different: new Set([v4(), v4()]).size,
    valid: [validate(v4()), validate('nothing'), version(v4())],
    back: stringify(parse('797ff043-11eb-11e1-80d6-510998755d10')),
    NIL,
  }
}
