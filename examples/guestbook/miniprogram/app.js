App({
  onLaunch() {
    if (!wx.cloud) {
      console.error('The guestbook needs base library 2.2.3 or above, which has the cloud.')
      return
    }
    wx.cloud.init({ traceUser: true })
  },

  // One visit for each launch, however many pages ask for it.
  login() {
    if (!this.visit) {
      this.visit = wx.cloud.callFunction({ name: 'login' }).then(({ result }) => result)
      this.visit.catch(() => {
        // The next page that asks tries again.
        this.visit = null
      })
    }
    return this.visit
  },
})
