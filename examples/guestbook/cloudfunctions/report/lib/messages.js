const PAGE_SIZE = 100

// A query returns at most 100 rows unless asked for more, so all of them are read page by page.
exports.readAllMessages = async db => {
  const messages = db.collection('messages')
  const { total } = await messages.count()
  const pages = []
  for (let start = 0; start < total; start += PAGE_SIZE) {
    pages.push(messages.orderBy('_id', 'asc').skip(start).limit(PAGE_SIZE).get())
  }
  return (await Promise.all(pages)).flatMap(page => page.data)
}
