// expect: CLOUDLET_DEADLINE
const endless = () => {
  for (;;);
}
exports.main = async () => {
  throw new Proxy(new Error('x'), { get: endless, getPrototypeOf: endless, ownKeys: endless })
}
