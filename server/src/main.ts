import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import type { RunningServer } from './cli/context.ts'
import { runCommandLine } from './cli/run.ts'

// The process edge: only this file reads arguments, environment, streams and signals.

const handleSignals = (server: RunningServer) => {
  const stop = () => {
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  // A second signal ends the process at once.
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // In a terminal the signal means that its window was closed, and ends the process as usual.
  if (!process.stdout.isTTY) process.on('SIGHUP', () => void server.reload())
}

// A reader may close the pipe early, as `head` does; that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`Cannot write to standard output: ${error.message}\n`)
  process.exit(1)
})

async function ask(question: string): Promise<string> {
  // On standard error: standard output is for results.
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question)
  } finally {
    terminal.close()
  }
}

const exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    env: process.env,
    writeOut: (line) => process.stdout.write(line),
    writeError: (line) => process.stderr.write(line),
    readInput: () => text(process.stdin),
    ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
    now: () => Date.now(),
  },
  handleSignals,
)
// Not exit(): it would cut off pending output, and stop a server that is running.
process.exitCode = exitCode
