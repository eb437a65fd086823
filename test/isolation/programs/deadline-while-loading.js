// expect: CLOUDLET_DEADLINE
exports.main = async () => 1
for (;;);
