// class: innocent code
// calls: 500
// inFlight: 8
// Nothing wrong at all: what neighbours notice of this is what they notice of any other function.
exports.main = async () => 'hello'
