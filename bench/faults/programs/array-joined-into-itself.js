// class: giant lists
// Joined again and again with a separator as long as the result.
exports.main = async () => {
  let separator = ','
  for (;;) separator = new Array(64).join(separator)
}
