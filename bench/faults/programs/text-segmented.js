// class: long texts
// Word boundaries of Thai text come from a dictionary: found in one go, natively.
exports.main = async () => {
  const segmenter = new Intl.Segmenter('th', { granularity: 'word' })
  const segments = segmenter.segment('\u0e01\u0e32\u0e23'.repeat(1e7))
  return segments.containing(2e7).index
}
