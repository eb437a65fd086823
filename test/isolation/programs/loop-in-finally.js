// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  for (;;) {
    try {
      for (;;);
    } finally {
      for (;;);
    }
  }
}
