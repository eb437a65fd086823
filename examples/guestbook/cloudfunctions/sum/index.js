// The template of 2018: no SDK, and the result is returned at once.
exports.main = (event, context) => {
  console.log(event)
  console.log(context)
  return {
    sum: event.a + event.b,
  }
}
