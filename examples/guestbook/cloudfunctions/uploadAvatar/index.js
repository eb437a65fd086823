const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()

const EXTENSIONS = { 'image/png': 'png', 'image/jpeg': 'jpg' }

// Takes a data URL, as a canvas gives it, and hands out a link to the stored picture.
exports.main = async event => {
  const { OPENID } = cloud.getWXContext()

  const [, type, base64] = /^data:([a-z/]+);base64,(.+)$/.exec(event.image) || []
  const extension = EXTENSIONS[type]
  if (!extension) throw new Error('image must be a PNG or JPEG picture as a data URL')

  const fileContent = Buffer.from(base64, 'base64')
  const { fileID } = await cloud.uploadFile({ cloudPath: `avatars/${OPENID}.${extension}`, fileContent })
  await db
    .collection('users')
    .doc(OPENID)
    .update({ data: { avatar: fileID } })

  const { fileList } = await cloud.getTempFileURL({ fileList: [fileID] })
  const { status, errMsg, tempFileURL } = fileList[0]
  if (status !== 0) throw new Error(errMsg)
  return { fileID, url: tempFileURL, sizeBytes: fileContent.length }
}
