const { formatTime } = require('../../utils/time')

const app = getApp()
const db = wx.cloud.database()

const NEWEST = 20
const OLDER = 20

Page({
  data: {
    nickName: '',
    draft: '',
    picturePath: '',
    progress: 0,
    sending: false,
    // The newest, live, and what was scrolled to below them.
    messages: [],
    older: [],
    hasMore: true,
  },

  // By message: the id of the bookmark.
  bookmarks: {},

  async onLoad() {
    this.setData({ draft: wx.getStorageSync('draft') })
    try {
      const { openid, user } = await app.login()
      this.openid = openid
      this.setData({ nickName: user.nickName })
      await this.loadBookmarks()
      this.watchNewest()
    } catch (error) {
      this.fail('The guestbook is closed.', error)
    }
  },

  onUnload() {
    if (this.watcher) this.watcher.close()
  },

  watchNewest() {
    this.watcher = this.newest()
      .limit(NEWEST)
      .watch({
        onChange: ({ docs }) => this.setData({ messages: docs.map(doc => this.toItem(doc)) }),
        onError: error => this.fail('No longer live: pull down to see what is new.', error),
      })
  },

  newest() {
    return db.collection('messages').orderBy('createdAt', 'desc').orderBy('_id', 'desc')
  },

  async loadBookmarks() {
    // Everyone sees their own only: the collection's permission sees to that.
    const { data } = await db.collection('bookmarks').get()
    this.bookmarks = Object.fromEntries(data.map(({ _id, messageId }) => [messageId, _id]))
  },

  toItem({ _id, authorName, content, picture, likeCount, likedBy, createdAt }) {
    return {
      _id,
      authorName,
      content,
      picture: picture || '',
      likeCount,
      liked: likedBy.includes(this.openid),
      bookmarked: _id in this.bookmarks,
      time: formatTime(createdAt),
    }
  },

  onInput(event) {
    const draft = event.detail.value
    this.setData({ draft })
    wx.setStorageSync('draft', draft)
  },

  onChoosePicture() {
    wx.chooseMedia({
      count: 1,
      mediaType: ['image'],
      success: ({ tempFiles }) => this.setData({ picturePath: tempFiles[0].tempFilePath }),
    })
  },

  onRemovePicture() {
    this.setData({ picturePath: '' })
  },

  async onSend() {
    if (this.data.sending) return
    this.setData({ sending: true, progress: 0 })
    try {
      const data = { content: this.data.draft }
      if (this.data.picturePath) data.picture = await this.uploadPicture(this.data.picturePath)
      await wx.cloud.callFunction({ name: 'postMessage', data })
      this.setData({ draft: '', picturePath: '' })
      wx.removeStorageSync('draft')
      wx.showToast({ title: 'Thank you!' })
    } catch (error) {
      this.fail('Not signed.', error)
    } finally {
      this.setData({ sending: false })
    }
  },

  // In callback style, since only that gives a task to follow.
  uploadPicture(filePath) {
    const extension = /\.\w+$/.exec(filePath)
    const cloudPath = `pictures/${this.openid}-${Date.now()}${extension ? extension[0] : ''}`
    return new Promise((resolve, reject) => {
      const task = wx.cloud.uploadFile({
        cloudPath,
        filePath,
        success: ({ fileID }) => resolve(fileID),
        fail: reject,
      })
      task.onProgressUpdate(({ progress }) => this.setData({ progress }))
    })
  },

  onLike(event) {
    const { index } = event.currentTarget.dataset
    const { _id, liked, likeCount } = this.data.messages[index]
    if (liked) return
    // At once on the screen; what the database has comes by the watch.
    this.setData({ [`messages[${index}].liked`]: true, [`messages[${index}].likeCount`]: likeCount + 1 })
    wx.cloud.callFunction({
      name: 'likeMessage',
      data: { id: _id },
      fail: error => this.fail('Not liked.', error),
    })
  },

  async onBookmark(event) {
    const { index } = event.currentTarget.dataset
    const messageId = this.data.messages[index]._id
    const collection = db.collection('bookmarks')
    if (messageId in this.bookmarks) {
      await collection.doc(this.bookmarks[messageId]).remove()
      delete this.bookmarks[messageId]
    } else {
      const { _id } = await collection.add({ data: { messageId } })
      this.bookmarks[messageId] = _id
    }
    this.setData({ [`messages[${index}].bookmarked`]: messageId in this.bookmarks })
  },

  async onPullDownRefresh() {
    try {
      const { data } = await this.newest().limit(NEWEST).get()
      this.setData({ messages: data.map(doc => this.toItem(doc)), older: [], hasMore: true })
    } catch (error) {
      this.fail('Nothing new could be fetched.', error)
    } finally {
      wx.stopPullDownRefresh()
    }
  },

  async onReachBottom() {
    if (!this.data.hasMore) return
    const { messages, older } = this.data
    const { data } = await this.newest()
      .skip(messages.length + older.length)
      .limit(OLDER)
      .get()
    this.setData({ older: [...older, ...data.map(doc => this.toItem(doc))], hasMore: data.length === OLDER })
  },

  onOpenMe() {
    wx.navigateTo({
      url: '/pages/me/me',
      events: { renamed: nickName => this.setData({ nickName }) },
    })
  },

  onShareAppMessage() {
    return { title: 'Sign my guestbook!', path: '/pages/index/index' }
  },

  fail(title, error) {
    console.error(title, error)
    wx.showToast({ title, icon: 'none' })
  },
})
