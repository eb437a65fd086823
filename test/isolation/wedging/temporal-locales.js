// expect: CLOUDLET_DEADLINE
// Temporal isn't there yet when the guards are placed.
exports.main = async () => Temporal.PlainDate.from('2020-01-01').toLocaleString({ length: 2 ** 53 - 1 })
