// expect: CLOUDLET_DEADLINE
Object.defineProperty(exports, 'main', {
  get() {
    for (;;);
  },
})
