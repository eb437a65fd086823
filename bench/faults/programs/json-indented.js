// class: JSON
// Deep, and indented by ten at each level: the text grows by the square of the depth.
exports.main = async () => {
  let nest = []
  for (let depth = 0; depth < 4000; depth++) nest = [nest]
  return JSON.stringify(Array(200).fill(nest), undefined, 10).length
}
