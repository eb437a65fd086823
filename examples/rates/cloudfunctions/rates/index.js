const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()

/** How long a rate is good for, in milliseconds. */
const FRESH_MS = 60_000

/** The rate between two currencies, from a service over HTTP, and from the database while it is fresh. */
exports.main = async ({ from, to }) => {
  const rates = db.collection('rates')
  const id = `${from}-${to}`
  const known = await rates.where({ _id: id }).get()
  const [kept] = known.data
  if (kept !== undefined && Date.now() - kept.askedMs < FRESH_MS) return { rate: kept.rate, isKept: true }

  const url = new URL('/rate', process.env.RATES_URL)
  url.search = new URLSearchParams({ from, to })
  // Shorter than the function's own timeout, so that it can say what was slow.
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(error => {
    // Of itself it says no more than that it failed.
    throw error.cause ?? error
  })
  if (!response.ok) throw new Error(`The service for rates answered ${response.status}`)
  const { rate } = await response.json()
  await rates.doc(id).set({ data: { rate, askedMs: Date.now() } })
  return { rate, isKept: false }
}
