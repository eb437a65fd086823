// class: source text
// A module of functions each of which is compiled for its own text, and kept.
exports.main = async () => {
  const kept = []
  for (let round = 0; ; round++)
    kept.push(new Function(`return class A${round} { #a = ${round}; m() { return this.#a } }`)())
}
