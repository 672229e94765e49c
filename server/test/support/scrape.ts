/** A sample of a scrape, such as `tilepass_exchanges_total{kind="issued"} 2`. */
export interface ScrapedSample {
  /** Name and labels, as they are written. */
  readonly series: string
  readonly name: string
  readonly value: number
}

/** Reads `/metrics`. @param metricsUrl Base URL of the listener. */
export async function scrape(metricsUrl: string): Promise<readonly ScrapedSample[]> {
  const response = await fetch(`${metricsUrl}/metrics`)
  if (!response.ok) throw new Error(`/metrics answers ${response.status}`)
  return parseScrape(await response.text())
}

/** Reads the text format of Prometheus. */
export function parseScrape(text: string): readonly ScrapedSample[] {
  return text.split('\n').flatMap((line) => {
    const [, series = '', name = '', value = ''] = /^((\w+)(?:\{.*\})?) (\S+)$/.exec(line) ?? []
    return name === '' ? [] : [{ series, name, value: Number(value.replace('Inf', 'Infinity')) }]
  })
}

/** The value of a series; `undefined` if there is none. */
export function findValue(samples: readonly ScrapedSample[], series: string): number | undefined {
  return samples.find((sample) => sample.series === series)?.value
}
