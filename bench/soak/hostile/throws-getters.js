exports.main = async () => {
  throw {
    get name() {
      throw new Error('name')
    },
    get message() {
      throw new Error('message')
    },
    get stack() {
      throw new Error('stack')
    },
    get fields() {
      throw new Error('fields')
    },
  }
}
