import {
  cores,
  INPUT_KEYS,
  type Inputs,
  logPerDay,
  mapsPerBroker,
  monthly,
  renewalPeriod,
  replicas,
  sharedMapsPerBroker,
  sharedWindow,
  tokenCost,
  tokensPerSecond,
  writesOfCounts,
  writesOfSessions,
} from './model.ts'

const MAPS = [1e4, 1e6, 1e8] as const
const LIFETIMES = [300, 3_600, 14_400] as const
const ALGORITHMS = ['RS256', 'ES256', 'Ed25519'] as const

/** Reads the inputs of the document: rows of a table whose first cell is a key. @throws if one is missing. */
export function readInputs(text: string): Inputs {
  const rows = new Map(
    [...text.matchAll(/^\| `(\w+)` \| [^|]* \| ([\d.,]+)[^|]* \|/gm)].map(
      ([, key = '', value = '']) => [key, Number(value.replaceAll(',', ''))],
    ),
  )
  const read = (key: string) => {
    const value = rows.get(key)
    if (value === undefined || !(value > 0)) throw new Error(`The inputs lack "${key}"`)
    return value
  }
  const inputs: Record<string, number> = {}
  for (const key of INPUT_KEYS) inputs[key] = read(key)
  return inputs as unknown as Inputs
}

/** Replaces the tables of the document, which stand between comments, by those of its inputs. */
export function fillTables(text: string): string {
  const inputs = readInputs(text)
  return text.replace(
    /(<!-- computed: (\w+) -->\n).*?(<!-- end -->)/gs,
    (_, start: string, name: string, end: string) => {
      const render = TABLES[name]
      if (!render) throw new Error(`There is no table "${name}"`)
      return `${start}\n${render(inputs)}\n\n${end}`
    },
  )
}

/** The tables, by the names in their comments. */
export const TABLES: Readonly<Record<string, (inputs: Inputs) => string>> = {
  pages: (inputs) =>
    table(
      [
        'open maps',
        'lifetime',
        'tokens and signatures /s',
        'cores',
        'brokers',
        'a month',
        'log a day',
        'cores with exchanges',
        'brokers',
      ],
      eachCase((maps, lifetime) => {
        const tokens = tokensPerSecond(maps, renewalPeriod(lifetime), inputs)
        const needed = cores(tokens, inputs.pageToken)
        const count = replicas(needed, inputs)
        const exchanging = cores(tokens, inputs.exchange)
        const cost = [...toCost(count, inputs), toBytes(tokens, inputs)]
        const exchanges = [round(exchanging), round(replicas(exchanging, inputs))]
        return [round(tokens), round(needed), ...cost, ...exchanges]
      }),
    ),

  shared: (inputs) =>
    table(
      [
        'open maps',
        'lifetime',
        'tokens /s, on average',
        'all renew within',
        'tokens /s then',
        'signatures /s',
        'cores then',
        'brokers',
        'a month',
      ],
      eachCase((maps, lifetime) => {
        const seconds = sharedWindow(lifetime)
        const average = tokensPerSecond(maps, lifetime / 2, inputs)
        const peak = maps / seconds + maps / inputs.visit
        const needed = cores(peak, inputs.sharedToken)
        const count = replicas(needed, inputs)
        const signatures = count / (lifetime / 2)
        return [
          round(average),
          `${round(seconds)} s`,
          round(peak),
          round(signatures),
          round(needed),
          ...toCost(count, inputs),
        ]
      }),
    ),

  guards: (inputs) =>
    table(
      [
        'open maps',
        'checks /s',
        'cores, guard in the tile server',
        'cores, `/verify` for a gateway',
      ],
      MAPS.map((maps) => {
        const checks = maps * inputs.tiles
        const [guard, verify] = [inputs.guard, inputs.verify].map((each) => cores(checks, each))
        return [toMaps(maps), round(checks), round(guard ?? 0), round(verify ?? 0)]
      }),
    ),

  store: (inputs) =>
    table(
      [
        'open maps',
        'writes /s of grants',
        'writes /s with sessions',
        'share of what the database can write',
      ],
      MAPS.map((maps) => {
        const tokens = tokensPerSecond(maps, renewalPeriod(3_600), inputs)
        const counts = writesOfCounts(replicas(cores(tokens, inputs.pageToken), inputs))
        const sessions = counts + writesOfSessions(maps, inputs)
        const share = (sessions / inputs.writes) * 100
        return [toMaps(maps), round(counts), round(sessions), `${round(share)} %`]
      }),
    ),

  limits: (inputs) =>
    table(
      ['lifetime', 'maps of a broker, a token for each page', 'maps of a broker, a shared grant'],
      LIFETIMES.map((lifetime) => [
        toLifetime(lifetime),
        round(mapsPerBroker(lifetime, inputs)),
        round(sharedMapsPerBroker(lifetime, inputs)),
      ]),
    ),

  algorithms: (inputs) =>
    table(
      [
        'algorithm',
        'signature',
        'verification',
        'a token that one guard verifies',
        '… that five verify',
        'cores that sign for 10⁸ maps, 1 h',
      ],
      ALGORITHMS.map((name) => {
        const tokens = tokensPerSecond(1e8, renewalPeriod(3_600), inputs)
        const [sign, verify] = [inputs[`sign${name}`], inputs[`verify${name}`]]
        const costs = [sign, verify, tokenCost(name, 1, inputs), tokenCost(name, 5, inputs)]
        return [name, ...costs.map((cost) => `${round(cost)} µs`), round(cores(tokens, sign))]
      }),
    ),
}

function eachCase(compute: (maps: number, lifetime: number) => string[]): string[][] {
  return MAPS.flatMap((maps) =>
    LIFETIMES.map((lifetime) => [toMaps(maps), toLifetime(lifetime), ...compute(maps, lifetime)]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function toCost(brokers: number, inputs: Inputs): string[] {
  return [round(brokers), `$${round(monthly(brokers, inputs))}`]
}

const toBytes = (tokens: number, inputs: Inputs) => `${round(logPerDay(tokens, inputs))} GB`
const toMaps = (maps: number) => `10${{ 4: '⁴', 6: '⁶', 8: '⁸' }[Math.log10(maps)]}`
const toLifetime = (seconds: number) =>
  seconds < 3_600 ? `${seconds / 60} min` : `${seconds / 3_600} h`

/** Two digits count; whole numbers below a hundred stay as they are. */
export function round(value: number): string {
  if (Number.isInteger(value) && value < 100) return String(value)
  const rounded = Number(value.toPrecision(2))
  return rounded.toLocaleString('en', { maximumSignificantDigits: 2 })
}
