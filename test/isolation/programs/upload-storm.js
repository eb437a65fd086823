// expect: completed
// More bytes than may wait at once: refused inside, not piled up in the host.
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async () => {
  const content = new Uint8Array(8e6)
  const uploads = Array.from({ length: 40 }, (_, i) =>
    cloud.uploadFile({ cloudPath: `f${i}`, fileContent: content }).then(
      () => 'stored',
      () => 'refused',
    ),
  )
  const outcomes = await Promise.all(uploads)
  if (!outcomes.includes('refused')) throw new Error('nothing was refused')
  return outcomes
}
