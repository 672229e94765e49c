// @ts-check
// Runs in a process of its own: sends requests with autocannon. For each job that it is sent it answers
// once all requests of it were answered.
import autocannon from 'autocannon'

process.on('message', async (/** @type {any} */ job) => {
  const result = await autocannon({ connections: 32, timeout: 60, ...job })
  const { errors, timeouts, non2xx } = result
  process.send?.(
    errors + timeouts + non2xx > 0
      ? {
          error: `Of ${job.amount} requests to ${job.url}, ${errors} failed, ${timeouts} of them by timeout, and ${non2xx} had another status than 2xx`,
        }
      : { perSecond: result.requests.average, p99: result.latency.p99 },
  )
})
process.on('disconnect', () => process.exit())
