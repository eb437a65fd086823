const cheerio = require('cheerio')

exports.main = async ({ http }) => {
  const $ = cheerio.load(`
    <ul id="menu"><li class="tea" data-price="9.5">绿茶</li><li class="cup">Cup &amp; saucer</li></ul>
    <table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>`)
  $('#menu').append('<li class="new">New</li>').find('.cup').addClass('sold').attr('title', '"quoted"')
  const page = await cheerio.fromURL(`${http}/html`)
  const xml = cheerio.load('<rss><item><title>a</title></item></rss>', { xml: true })
  return {
    names: $('#menu li')
      .map((_index, li) => $(li).text())
      .get(),
    price: $('li.tea').data('price'),
    cells: $('tr')
      .toArray()
      .map(row =>
        $(row)
          .find('td')
          .toArray()
          .map(td => Number($(td).text())),
      ),
    html: $.html('#menu'),
    extracted: $.extract({ items: ['#menu li'] }).items.length,
    not: $('li:not(.tea):nth-child(2)').attr('class'),
    heading: page('h1').text(),
    xml: xml.xml(),
  }
}
