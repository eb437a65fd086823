// expect: CLOUDLET_FUNCTION_THREW
const dive = () => dive() + 1
exports.main = async () => dive()
