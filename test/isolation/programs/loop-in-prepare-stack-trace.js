// expect: CLOUDLET_DEADLINE
Error.prepareStackTrace = () => {
  for (;;);
}
exports.main = async () => {
  throw new Error('x')
}
