// expect: CLOUDLET_DEADLINE
exports.main = () =>
  new Promise(() =>
    setInterval(() => {
      for (;;);
    }, 1),
  )
