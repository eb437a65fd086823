// class: locales
// What ICU allocates for each stands in no heap of V8's.
exports.main = async () => {
  const kept = []
  for (;;) kept.push(new Intl.DateTimeFormat('zh-u-ca-chinese'), new Intl.NumberFormat('ar-u-nu-arab'))
}
