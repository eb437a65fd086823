// class: regular expressions
// A short pattern that is compiled into a long program.
exports.main = async () => new RegExp('(?:(?:(?:a{1,90}){1,90}){1,90}){1,90}b').test('a'.repeat(40))
