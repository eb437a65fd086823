const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

/** A code that leads to a page of the mini-program, kept as a file. */
exports.main = async ({ room }) => {
  const { buffer } = await cloud.openapi.wxacode.getUnlimited({
    scene: `room=${room}`,
    page: 'pages/room/room',
    checkPath: false,
  })
  const { fileID } = await cloud.uploadFile({ cloudPath: `invitations/${room}.png`, fileContent: buffer })
  return { fileID }
}
