// @ts-check
// Runs in a process of its own: sends requests with autocannon. For each job that it is sent it answers
// once all requests of it were answered.
import autocannon from 'autocannon'

process.on('message', async (/** @type {any} */ job) => {
  const result = await autocannon({ connections: 32, ...job })
  const bad = result.errors + result.timeouts + result.non2xx
  process.send?.(
    bad > 0
      ? { error: `${bad} of ${job.amount} requests to ${job.url} failed` }
      : { perSecond: result.requests.average, p99: result.latency.p99 },
  )
})
process.on('disconnect', () => process.exit())
