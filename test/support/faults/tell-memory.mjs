// @ts-check
// Loaded into a server by `node --import`: it says how much memory is in use after a collection.

process.on('message', async (message) => {
  if (message !== 'memory') return
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { heapUsed: heap, rss } = process.memoryUsage()
  process.send?.({ heap, rss })
})
process.channel?.unref()
