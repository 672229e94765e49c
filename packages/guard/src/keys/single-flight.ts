/** Keeps what a request started running after its answer, as `waitUntil` of a worker's context does. */
export type WaitUntil = (promise: Promise<unknown>) => void

/**
 * What a single-flight runs. It never rejects.
 *
 * @param isLost Has a later run taken its place, so that its result is out of date?
 */
export type Job = (isLost: () => boolean) => Promise<void>

/** Runs a job once for concurrent callers. */
export interface SingleFlight {
  /** Runs the job, unless a run is under way; resolves once it has ended. */
  run(job: Job, waitUntil?: WaitUntil): Promise<void>
  /**
   * Starts the job unless a run is under way, and waits for nothing. Returns `false` where the job would
   * end with the request that started it: such a caller has to wait for `run`.
   */
  runBehind(job: Job, waitUntil?: WaitUntil): boolean
}

/** Creates a single-flight for one lasting process: callers share the promise of the run. */
export function createSharedFlight(): SingleFlight {
  let inFlight: Promise<void> | undefined
  const run: SingleFlight['run'] = (job) => {
    inFlight ??= job(() => false).finally(() => {
      inFlight = undefined
    })
    return inFlight
  }
  return {
    run,
    runBehind: (job) => {
      void run(job)
      return true
    },
  }
}

/** Age of a run, in ms, at which it counts as lost with the request that started it. */
const LOST_AFTER = 1_000
/** How often a caller looks whether the run of another request has ended, in ms. */
const LOOK_EVERY = 20

/**
 * Creates a single-flight for runtimes in which a request must not await what another one started, and
 * where a run may end with its request (workerd). Callers share that a run is under way, never its promise.
 *
 * @see https://developers.cloudflare.com/workers/observability/errors/#cannot-perform-io-on-behalf-of-a-different-request
 */
export function createOwnFlight(): SingleFlight {
  /** Epoch ms. */
  let current: { readonly startedAt: number } | undefined
  const isRunning = () =>
    current !== undefined && Math.abs(Date.now() - current.startedAt) < LOST_AFTER
  const start: SingleFlight['run'] = (job, waitUntil) => {
    const own = { startedAt: Date.now() }
    current = own
    const run = job(() => current !== own).finally(() => {
      if (current === own) current = undefined
    })
    waitUntil?.(run)
    return run
  }
  return {
    run: async (job, waitUntil) => {
      if (!current) return start(job, waitUntil)
      while (isRunning()) await pause(LOOK_EVERY)
      if (current) await start(job, waitUntil)
    },
    runBehind: (job, waitUntil) => {
      if (isRunning()) return true
      if (waitUntil) void start(job, waitUntil)
      return waitUntil !== undefined
    },
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
