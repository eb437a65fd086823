// class: long texts
// Ropes of megabytes, each made flat by looking into it, and all of them kept.
exports.main = async () => {
  const kept = []
  for (let round = 0; ; round++) {
    let rope = `${round}`
    while (rope.length < 4e6) rope += rope
    if (rope[5] !== 'z') kept.push(rope)
  }
}
