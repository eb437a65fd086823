// class: regular expressions
// timeoutMs: 700
// Native matching of a long text that fails at its last character.
exports.main = async () => {
  const text = 'ab'.repeat(1e7)
  for (;;) /^(?:ab)*c/y.test(text)
}
