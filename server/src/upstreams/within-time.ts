import { UpstreamUnavailableError } from './errors.ts'

/**
 * What comes of something before its signal aborts: what does not listen to it is not waited for.
 *
 * @throws {@link UpstreamUnavailableError} when time is up.
 */
export async function withinTime<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {}
  const timeIsUp = new Promise<never>((_, reject) => {
    stop = () => reject(new UpstreamUnavailableError('no answer in time'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([running, timeIsUp])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
