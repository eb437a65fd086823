// expect: CLOUDLET_DEADLINE
// Where a function in a block is hoisted to is looked for in every block around it.
exports.main = async () => eval('{function f(){}'.repeat(8e4) + '}'.repeat(8e4))
