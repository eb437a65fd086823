// class: arithmetic of huge numbers
// Squared until V8 has no room for the next one.
exports.main = async () => {
  for (let value = 3n; ; value *= value);
}
