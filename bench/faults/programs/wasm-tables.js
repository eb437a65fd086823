// class: memory outside the heap
exports.main = async () => {
  const kept = []
  for (;;) kept.push(new WebAssembly.Table({ element: 'anyfunc', initial: 1e6 }))
}
