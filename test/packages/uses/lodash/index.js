const _ = require('lodash')
const fp = require('lodash/fp')
const camelCase = require('lodash/camelCase')

exports.main = async () => {
  const orders = [
    { user: 'ming', price: 9.5, tags: ['tea'] },
    { user: 'hong', price: 20, tags: ['cup', 'gift'] },
    { user: 'ming', price: 3, tags: ['tea', 'gift'] },
  ]
  let calls = 0
  const debounced = _.debounce(() => ++calls, 10)
  debounced()
  debounced()
  await new Promise(resolve => setTimeout(resolve, 40))
  return {
    byUser: _.mapValues(_.groupBy(orders, 'user'), list => _.sumBy(list, 'price')),
    tags: _.chain(orders).flatMap('tags').uniq().sortBy().value(),
    merged: _.merge({ a: { b: 1 }, list: [1, 2] }, { a: { c: 2 }, list: [3] }),
    cloned: _.isEqual(_.cloneDeep(orders), orders),
    get: _.get({ a: [{ b: { c: 3 } }] }, 'a[0].b.c'),
    camel: camelCase('user_open-id'),
    piped: fp.flow(
      fp.map('price'),
      fp.filter(price => price > 5),
      fp.sum,
    )(orders),
    template: _.template('Hello <%= name %>, <% list.forEach(n => { %>[<%- n %>]<% }) %>')({
      name: '明',
      list: ['<', 2],
    }),
    types: [
      _.isBuffer(Buffer.from('a')),
      _.isTypedArray(new Uint8Array(1)),
      _.isRegExp(/a/),
      _.isMap(new Map()),
    ],
    calls,
  }
}
