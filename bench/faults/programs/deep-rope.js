// class: deep structures
// A text of ten million pieces that lean to one side, hashed as a key.
exports.main = async () => {
  let rope = ''
  for (let piece = 0; piece < 1e7; piece++) rope = `${piece % 10}${rope}`
  return { [rope]: 1 }[rope]
}
