exports.main = () => new Promise(() => {})
