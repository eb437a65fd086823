// class: failures with code in them
// timeoutMs: 700
// V8 itself makes the error, in the middle of a built-in, and asks for its stack there.
Error.prepareStackTrace = () => {
  for (;;);
}
exports.main = async () => null.x
