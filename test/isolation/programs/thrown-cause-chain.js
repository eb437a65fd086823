// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => {
  let error = new Error('first')
  for (let depth = 0; depth < 10_000; depth++) error = new Error('next', { cause: error })
  throw error
}
