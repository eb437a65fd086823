// class: long texts
// timeoutMs: 700
// ICU compares texts that differ in their last character only.
exports.main = async () => {
  const text = '\u0e40'.repeat(2e7)
  for (;;) `${text}a`.localeCompare(`${text}b`, 'th')
}
