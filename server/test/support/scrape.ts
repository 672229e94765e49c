/** A sample of a scrape, such as `tilepass_exchanges_total{kind="issued"} 2`. */
export interface ScrapedSample {
  /** Name and labels, as they are written. */
  readonly series: string
  readonly name: string
  readonly value: number
  /** Does it only grow? Its type says that; names do not: `nodejs_active_resources_total` is a gauge. */
  readonly isCount: boolean
}

/** Reads `/metrics`. @param metricsUrl Base URL of the listener. */
export async function scrape(metricsUrl: string): Promise<readonly ScrapedSample[]> {
  const response = await fetch(`${metricsUrl}/metrics`)
  if (!response.ok) throw new Error(`/metrics answers ${response.status}`)
  return parseScrape(await response.text())
}

/** Reads the text format of Prometheus. */
export function parseScrape(text: string): readonly ScrapedSample[] {
  const types = new Map(
    [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  )
  const isCount = (name: string) => {
    const [base, suffix] = name.split(/(?=_(?:bucket|count|sum)$)/)
    const isPart =
      suffix !== undefined && /^(?:histogram|summary)$/.test(types.get(base ?? '') ?? '')
    return isPart || types.get(name) === 'counter'
  }
  return text.split('\n').flatMap((line) => {
    const [, series = '', name = '', text = ''] = /^((\w+)(?:\{.*\})?) (\S+)$/.exec(line) ?? []
    const value = Number(text.replace('Inf', 'Infinity'))
    return name === '' ? [] : [{ series, name, value, isCount: isCount(name) }]
  })
}

/** The value of a series; `undefined` if there is none. */
export function findValue(samples: readonly ScrapedSample[], series: string): number | undefined {
  return samples.find((sample) => sample.series === series)?.value
}
