Page({
  data: { nickName: '', avatar: '', visitCount: 0, total: 0, latest: [] },

  async onLoad() {
    wx.showLoading({ title: 'One moment' })
    try {
      const { result } = await wx.cloud.callFunction({ name: 'profile' })
      const { user, latest, total } = result
      const { nickName, avatar = '', visitCount } = user
      this.setData({ nickName, avatar, visitCount, latest, total })
    } finally {
      wx.hideLoading()
    }
  },

  async onRename(event) {
    const nickName = event.detail.value.trim()
    const { confirm } = await wx.showModal({ title: 'New name', content: `Sign as ${nickName}?` })
    if (!confirm) return
    await wx.cloud.callFunction({ name: 'login', data: { nickName } })
    this.setData({ nickName })
    this.getOpenerEventChannel().emit('renamed', nickName)
  },

  async onChangeAvatar() {
    const { tempFiles } = await wx.chooseMedia({ count: 1, mediaType: ['image'] })
    const data = wx.getFileSystemManager().readFileSync(tempFiles[0].tempFilePath, 'base64')
    const { result } = await wx.cloud.callFunction({
      name: 'uploadAvatar',
      data: { image: `data:image/png;base64,${data}` },
    })
    this.setData({ avatar: result.fileID })
    wx.showToast({ title: `${result.sizeBytes} bytes` })
  },
})
