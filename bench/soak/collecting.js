// Stands around each good function: when the soak rests, it has V8 collect what the instance doesn't keep.
const part = require('./part.js')

exports.main = async (event, context) => {
  if (event.collect !== true) return part.main(event, context)
  // Meanwhile those that are asked at once go to other instances.
  await new Promise(resolve => setTimeout(resolve, event.holdMs))
  try {
    new ArrayBuffer(2 ** 31)
  } catch {
    // Before there is no room for it, everything is collected that can be.
  }
}
