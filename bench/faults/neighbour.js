const cloud = require('wx-server-sdk')
const { name } = require('./name.json')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()
/** Of this instance, and how many calls it has had: nobody else may count there. */
const instance = `${name} ${Math.random()}`
let count = 0

/** Answers with its own state; some calls read its document before, and some store, read and delete a file of its own. */
exports.main = async ({ n, does }) => {
  const own = ++count
  await null
  let stored = name
  if (does === 'read') stored = (await db.collection('neighbours').doc(name).get()).data.owner
  if (does === 'store') {
    const text = `${name} ${n}`
    const { fileID } = await cloud.uploadFile({
      cloudPath: `${name}/${n}.txt`,
      fileContent: Buffer.from(text),
    })
    const { fileContent } = await cloud.downloadFile({ fileID })
    await cloud.deleteFile({ fileList: [fileID] })
    stored = fileContent.toString() === text ? name : fileContent.toString()
  }
  return { name, twice: n * 2, stored, instance, count: own }
}
