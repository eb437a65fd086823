// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_DEADLINE
// The failure is described with next to no stack left, and its own getters need more.
exports.main = async () => {
  const dive = () => {
    try {
      dive()
    } catch (error) {
      Object.defineProperty(error, 'message', { get: dive })
      throw error
    }
  }
  dive()
}
