const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

/** Uploads, downloads and deletes a file of its own. */
exports.main = async ({ nonce, text }) => {
  const { OPENID } = cloud.getWXContext()
  const fileContent = Buffer.from(JSON.stringify({ nonce, openid: OPENID, text }))
  const { fileID } = await cloud.uploadFile({ cloudPath: `soak/${nonce}.json`, fileContent })
  const file = await cloud.downloadFile({ fileID })
  const { fileList } = await cloud.deleteFile({ fileList: [fileID] })
  return { ...JSON.parse(file.fileContent.toString()), status: fileList[0].status }
}
