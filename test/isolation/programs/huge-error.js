// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  throw Object.assign(new Error('x'.repeat(3e7)), { field: 'y'.repeat(3e7) })
}
