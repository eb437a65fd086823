/** What mini-programs write, compiled against the platform's own types and against ours (ours.ts, theirs.ts). */
import { cloud } from '#cloud'

cloud.init()
cloud.init({ env: 'prod', traceUser: true })

export async function callFunctions(): Promise<void> {
  const answer = await cloud.callFunction({ name: 'sum', data: { a: 1, b: 2 } })
  const message: string = answer.errMsg
  const result = answer.result as { readonly sum: number }
  console.log(message, result.sum)
  cloud.callFunction({
    name: 'sum',
    data: {
      id: cloud.CloudID('id'),
      other: new cloud.CloudID('id'),
      text: cloud.CDN('text'),
      bytes: new cloud.CDN(new ArrayBuffer(8)),
      file: cloud.CDN({ type: 'filePath', filePath: 'wxfile://tmp_a.png' }),
    },
    config: { env: 'prod' },
    slow: true,
    success: ({ result: outcome, errMsg }) => console.log(outcome, errMsg.length),
    fail: error => console.error(error.errMsg),
    complete: outcome => console.log(outcome.errMsg),
  })
  cloud.callFunction({ name: 'sum', success: console.log })
  cloud.callFunction({ name: 'sum', fail: console.error })
  cloud.callFunction({ name: 'sum', complete() {} })
}

export async function files(filePath: string): Promise<string> {
  const { fileID, statusCode, errMsg } = await cloud.uploadFile({ cloudPath: 'a/b.png', filePath })
  const upload = cloud.uploadFile({
    cloudPath: 'a/b.png',
    filePath,
    header: {},
    success: ({ fileID: id }) => console.log(id.length),
    fail: console.error,
  })
  upload.onProgressUpdate(({ progress, totalBytesSent, totalBytesExpectedToSend }) => {
    console.log(progress + totalBytesSent + totalBytesExpectedToSend)
  })
  upload.onHeadersReceived(({ header }) => console.log(header))
  upload.offProgressUpdate()
  upload.offHeadersReceived()
  upload.abort()
  const download = cloud.downloadFile({ fileID, complete: () => {} })
  download.onProgressUpdate(({ progress, totalBytesWritten, totalBytesExpectedToWrite }) => {
    console.log(progress + totalBytesWritten + totalBytesExpectedToWrite)
  })
  download.abort()
  const { tempFilePath } = await cloud.downloadFile({ fileID })
  const { fileList } = await cloud.getTempFileURL({ fileList: [fileID] })
  for (const { tempFileURL, maxAge, status } of fileList) console.log(tempFileURL, maxAge + status)
  cloud.getTempFileURL({ fileList: [fileID], success: ({ fileList: list }) => console.log(list.length) })
  const removed = await cloud.deleteFile({ fileList: [fileID] })
  console.log(
    removed.fileList.map(file => file.status),
    statusCode,
    errMsg,
  )
  return tempFilePath
}

export async function documents(): Promise<void> {
  const db = cloud.database({ env: 'prod' })
  const _ = db.command
  const $ = _.aggregate
  const todos = db.collection('todos')
  const name: string = todos.collectionName
  const { _id } = await todos.add({ data: { done: false, due: new Date(), at: db.serverDate(), name } })
  todos.add({ data: { done: true }, success: ({ _id: id }) => console.log(id), fail: console.error })
  const { data } = await todos
    .where({
      done: false,
      progress: _.gt(30).and(_.lt(80)),
      tags: _.in(['a', 'b']).or(_.exists(false)),
      title: db.RegExp({ regexp: '^a', options: 'i' }),
      other: new db.RegExp({ regexp: 'b' }),
      place: _.geoNear({ geometry: db.Geo.Point(113, 23), maxDistance: 1000 }),
      list: _.size(3),
      deep: { field: _.neq(1) },
    })
    .orderBy('due', 'desc')
    .skip(10)
    .limit(10)
    .field({ done: true, list: _.project.slice(2) })
    .get()
  for (const todo of data) console.log(todo._id, todo['title'].length, todo['deep'].field)
  const { total } = await todos.where(_.or([{ done: true }, { progress: _.lt(1) }])).count()
  const one = todos.doc(_id)
  const { data: found } = await one.field({ done: true }).get()
  console.log(found['done'], total + 1)
  one.get({ success: ({ data: document }) => console.log(document), fail: console.error })
  const { stats } = await one.update({
    data: { done: _.set(true), count: _.inc(1), tags: _.push('a', 'b'), old: _.remove(), list: _.pull(5) },
  })
  const { stats: setStats } = await one.set({ data: { done: true } })
  const { stats: removeStats } = await one.remove()
  console.log(stats.updated, setStats.created, setStats.updated, removeStats.removed)
  const grouped = await todos
    .aggregate()
    .match({ done: true })
    .group({ _id: '$owner', total: $.sum('$count'), first: $.first('$title') })
    .sort({ total: -1 })
    .limit(10)
    .end()
  console.log(grouped.list.length)
  await db.collection('places').add({
    data: {
      point: new db.Geo.Point(113, 23),
      line: db.Geo.LineString([db.Geo.Point(0, 0), db.Geo.Point(1, 1)]),
      area: db.Geo.Polygon([
        db.Geo.LineString([db.Geo.Point(0, 0), db.Geo.Point(1, 0), db.Geo.Point(1, 1), db.Geo.Point(0, 0)]),
      ]),
    },
  })
}

export function watching(): void {
  const watch = cloud
    .database()
    .collection('rooms')
    .where({ room: 1 })
    .orderBy('at', 'desc')
    .limit(50)
    .watch({
      onChange(snapshot) {
        if (snapshot.type === 'init') console.log(snapshot.docs.length)
        for (const change of snapshot.docChanges) {
          switch (change.queueType) {
            case 'enqueue':
              console.log(change.docId.length, change.doc['text'])
              break
            case 'update':
              console.log(change.updatedFields, change.removedFields?.length, change.dataType === 'replace')
              break
            default:
              console.log(change.id)
          }
        }
      },
      onError: error => console.error(error),
    })
  watch.close().then(() => console.log('closed'))
  const one = cloud.database().collection('rooms').doc('a')
  one.watch({ onChange() {}, onError() {} }).close()
}
