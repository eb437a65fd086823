const { ImageClient } = require('image-node-sdk')

exports.main = async ({ http }) => {
  const client = new ImageClient({ AppId: '1250000001', SecretId: 'AKID-1', SecretKey: 'a-secret-key' })
  client.setHost(new URL(http).host).setProtocol('http:')
  const tags = await client.imgTagDetect({ data: { url: 'https://example.com/a.jpg' } })
  const faces = await client.faceDetect({
    headers: { 'content-type': 'multipart/form-data' },
    formData: { mode: 1, image: { value: Buffer.from([255, 216]), options: { filename: 'a.jpg' } } },
  })
  return { tags: JSON.parse(tags.body), faces: JSON.parse(faces.body) }
}
