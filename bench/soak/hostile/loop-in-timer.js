exports.main = () =>
  new Promise(() => {
    setTimeout(() => {
      for (;;);
    }, 1)
  })
