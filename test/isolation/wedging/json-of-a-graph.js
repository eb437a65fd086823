// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// Sixty arrays, and 2 ** 60 paths through them.
exports.main = async () => {
  let graph = []
  for (let level = 0; level < 60; level++) graph = [graph, graph]
  return graph
}
