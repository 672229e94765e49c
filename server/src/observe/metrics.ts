import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { EXCHANGE_KINDS, type Meter, QUERY_FAILURES } from './meter.ts'

/** The metrics of a broker, for Prometheus. */
export interface Metrics {
  readonly meter: Meter
  /** Adds a value that is read at each scrape. A failure to read it leaves the last value. */
  addGauge(name: string, help: string, read: () => number | Promise<number>): void
  /** The same for a value of each label set; label sets that are no longer read disappear. */
  addGauges<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    read: () => readonly Sample<Label>[],
  ): void
  /** The same for a count that only grows. */
  addCounter(name: string, help: string, read: () => number): void
  /** Content type of {@link Metrics.render}. */
  readonly contentType: string
  /** Everything in the text format of Prometheus. */
  render(): Promise<string>
}

/** A value with its labels. */
export interface Sample<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>
  readonly value: number
}

/** Seconds. Downloads take longer than the last one. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const SIGNING_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5]
const QUERY_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1, 5]
const UPSTREAM_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Codes of refusals that have a label of their own; a function of the host application may make more. */
const MOST_CODES = 100

let processRegistry: Registry | undefined

/** Memory, CPU and event loop belong to the process, however many brokers are in it. */
function getProcessRegistry(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry()
    collectDefaultMetrics({ register: processRegistry })
  }
  return processRegistry
}

/** Creates the metrics of one broker. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const registries = [registry, getProcessRegistry()]

  return {
    meter: createMeter(registers),
    addGauge: (name, help, read) => {
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          const value = await Promise.resolve()
            .then(read)
            .catch(() => undefined)
          if (value !== undefined) this.set(value)
        },
      })
    },
    addGauges: (name, help, labelNames, read) => {
      new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset()
          for (const { labels, value } of read()) this.set(labels, value)
        },
      })
    },
    addCounter: (name, help, read) => {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset()
          this.inc(read())
        },
      })
    },
    contentType: registry.contentType,
    render: async () => (await Promise.all(registries.map((each) => each.metrics()))).join('\n'),
  }
}

function createMeter(registers: Registry[]): Meter {
  const requests = new Counter({
    name: 'tilepass_http_requests_total',
    help: 'Requests by API, route and status.',
    labelNames: ['surface', 'route', 'status'],
    registers,
  })
  const requestSeconds = new Histogram({
    name: 'tilepass_http_request_duration_seconds',
    help: 'From the head of a request to the end of its response.',
    labelNames: ['surface', 'route'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  const refusals = new Counter({
    name: 'tilepass_refusals_total',
    help: 'Requests that were refused or failed, by API and code.',
    labelNames: ['surface', 'code'],
    registers,
  })
  const exchanges = new Counter({
    name: 'tilepass_exchanges_total',
    help: 'Short-lived tokens that were handed out: for subject tokens, issued and relayed grants.',
    labelNames: ['kind'],
    registers,
  })
  const tokens = new Counter({
    name: 'tilepass_tokens_verified_total',
    help: 'Tokens that were presented, by purpose and result; "remembered" needed no check of a signature.',
    labelNames: ['purpose', 'result'],
    registers,
  })
  const signing = new Histogram({
    name: 'tilepass_signing_duration_seconds',
    help: 'Time to sign a token.',
    buckets: SIGNING_BUCKETS,
    registers,
  })
  const queries = new Histogram({
    name: 'tilepass_store_query_duration_seconds',
    help: 'Queries of the store; "transaction" includes the write to disk.',
    labelNames: ['operation'],
    buckets: QUERY_BUCKETS,
    registers,
  })
  const queryErrors = new Counter({
    name: 'tilepass_store_errors_total',
    help: 'Queries that failed; "unavailable": the store was locked, full or unreachable.',
    labelNames: ['kind'],
    registers,
  })
  const upstreamRequests = new Counter({
    name: 'tilepass_upstream_requests_total',
    help: 'Requests for a token of an upstream, by result.',
    labelNames: ['upstream', 'result'],
    registers,
  })
  const upstreamSeconds = new Histogram({
    name: 'tilepass_upstream_request_duration_seconds',
    help: 'Requests for a token of an upstream, retries included.',
    labelNames: ['upstream'],
    buckets: UPSTREAM_BUCKETS,
    registers,
  })
  // A series that begins with its first error shows no increase.
  for (const kind of EXCHANGE_KINDS) exchanges.inc({ kind }, 0)
  for (const kind of QUERY_FAILURES) queryErrors.inc({ kind }, 0)
  const codes = new Set<string>()
  const toCodeLabel = (code: string) => {
    if (codes.has(code)) return code
    if (codes.size >= MOST_CODES || !/^[a-z0-9_]{1,40}$/.test(code)) return 'other'
    codes.add(code)
    return code
  }

  return {
    countRequest: ({ surface, route }, status, seconds) => {
      requests.inc({ surface, route, status: String(status) })
      requestSeconds.observe({ surface, route }, seconds)
    },
    countRefusal: (surface, code) => refusals.inc({ surface, code: toCodeLabel(code) }),
    countExchange: (kind) => exchanges.inc({ kind }),
    countToken: (purpose, result) => tokens.inc({ purpose, result }),
    timeSigning: (seconds) => signing.observe(seconds),
    timeQuery: (operation, outcome, seconds) => {
      queries.observe({ operation }, seconds)
      if (outcome !== 'ok') queryErrors.inc({ kind: outcome })
    },
    countUpstream: (upstream, result, seconds) => {
      upstreamRequests.inc({ upstream, result })
      if (result !== 'skipped') upstreamSeconds.observe({ upstream }, seconds)
    },
  }
}
