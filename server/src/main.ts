import { text } from 'node:stream/consumers'
import type { Broker } from './broker/broker.ts'
import { runCommandLine } from './cli/run.ts'

/** The process edge: arguments, environment, streams and signals; nothing else reads them. */
const end = (broker: Broker) => {
  const stop = () => {
    broker.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // In a terminal the signal says that its window was closed, and ends the process as ever.
  if (!process.stdout.isTTY) process.on('SIGHUP', () => void broker.reload())
}

// Whoever reads may leave early, as `head` does: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`The output cannot be written: ${error.message}\n`)
  process.exit(1)
})

const exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    env: process.env,
    writeOut: (line) => process.stdout.write(line),
    writeError: (line) => process.stderr.write(line),
    readInput: () => text(process.stdin),
    now: () => Date.now(),
  },
  end,
)
// Set, not exit(): output that is still on its way is not cut off, and a server goes on serving.
process.exitCode = exitCode
