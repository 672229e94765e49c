import { describe, expect, test } from 'vitest'
import { ENGINES, type Engine } from '../../../scripts/engines.mjs'
import { createTeardown } from '../servers/teardown.ts'
import { type OpenEngine, openEngine, type Preferences } from './open-engine.ts'
import { type CreateServers, type Report, type SeenRequest, type Site, startSite } from './site.ts'

/** A scenario that ran in an engine. */
export interface Outcome<Result> extends Report {
  readonly result: Result
  /** What the page requested, in the order in which the answers ended. */
  readonly requests: readonly SeenRequest[]
}

/** A time in ms after which a scenario has failed, below the limit of a test. */
const LIMIT = 170_000

/** Declares the tests of one engine, for each engine that is installed. */
export function inEachEngine(name: string, declare: (engine: Engine) => void): void {
  for (const engine of ENGINES)
    describe.skipIf(engine.program === undefined)(`${name} in ${engine.name}`, () =>
      declare(engine),
    )
}

/**
 * Opens a page in an engine and waits for its report.
 *
 * @param scenario A module below `test/` that exports `run(urls)`; it runs in the page.
 * @param createServers Creates the servers that it loads from; `urls` has the URL of each, by its name.
 * @param preferences For Firefox only.
 */
export async function runScenario<Result>(
  engine: Engine,
  scenario: string,
  createServers: CreateServers,
  preferences?: Preferences,
): Promise<Outcome<Result>> {
  const teardown = createTeardown()
  let browser: OpenEngine | undefined
  try {
    const site = await startSite(createServers, () => browser?.minimise)
    teardown.add(site.close)
    const opened = await openEngine(engine, site.pageOf(scenario), preferences)
    browser = opened
    teardown.add(opened.close)
    const late = new Promise<never>((_resolve, reject) => {
      const fail = () => reject(new Error(describeSilence(engine, site, opened)))
      const timer = setTimeout(fail, LIMIT)
      teardown.add(() => clearTimeout(timer))
    })
    const report = await Promise.race([site.report, late])
    return { ...report, result: report.result as Result, requests: site.requests }
  } finally {
    await teardown.run()
  }
}

function describeSilence({ name }: Engine, { requests }: Site, { stderr }: OpenEngine): string {
  const last = requests
    .slice(-5)
    .map(({ phase, method, path, status }) => `${phase}: ${method} ${path} ${status}`)
  return [`The page in ${name} reported nothing. Its last requests:`, ...last, stderr()].join('\n')
}

export { expect, test }
