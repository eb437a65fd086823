const xml2js = require('xml2js')

/** A message of WeChat's, and the answer. */
exports.main = async () => {
  const text = `<xml><ToUserName><![CDATA[gh_1]]></ToUserName><CreateTime>1348831860</CreateTime>
    <Articles><item id="1">一</item><item id="2">二</item></Articles></xml>`
  const message = await xml2js.parseStringPromise(text, { explicitArray: false, trim: true })
  const builder = new xml2js.Builder({ rootName: 'xml', cdata: true, headless: true })
  const typed = await xml2js.parseStringPromise('<a><B>12</B><c>true</c></a>', {
    explicitArray: false,
    tagNameProcessors: [xml2js.processors.normalize],
    valueProcessors: [xml2js.processors.parseNumbers, xml2js.processors.parseBooleans],
  })
  const broken = await xml2js.parseStringPromise('<a><b></a>').catch(error => error)
  const parser = new xml2js.Parser({ async: true })
  const chunked = await parser.parseStringPromise(`<list>${'<n>1</n>'.repeat(2000)}</list>`)
  return {
    message,
    answer: builder.buildObject({ MsgType: 'text', Content: '<你好> & ]]>', List: [1, 2] }),
    typed,
    broken: broken.message.split('\n')[0],
    chunked: chunked.list.n.length,
  }
}
