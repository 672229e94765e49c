import { appendFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keepInput, readCorpus } from './corpus.ts'
import { prepareTarget } from './target.ts'
import { TARGETS } from './targets.ts'

/** Set by "npm run fuzz": how long each target runs, and where its outcome is written. */
const { FUZZ_SECONDS, FUZZ_REPORT = '' } = process.env
const seed = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31))

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_, target) => {
  const corpus = readCorpus(target.name)
  const { name, arbitrary, check } = prepareTarget(target, corpus)

  test('holds for its corpus, of which some inputs are accepted and some refused', async () => {
    const outcomes = new Set<boolean>()
    for (const input of corpus)
      outcomes.add(
        await check(input).catch((cause) => {
          throw new Error(`With the input ${JSON.stringify(input)}`, { cause })
        }),
      )
    expect([...outcomes].sort()).toEqual([false, true])
  })

  if (FUZZ_SECONDS === undefined) {
    test(`holds for new inputs (FUZZ_SEED=${seed})`, async () => {
      await fc.assert(
        fc.asyncProperty(arbitrary, async (input) => void (await check(input))),
        { seed, numRuns: 100 },
      )
    })
    return
  }

  const timeLimit = Number(FUZZ_SECONDS) * 1000
  // A failure is made smaller within the time limit; one input may take long.
  const timeout = timeLimit + 60_000
  test(`holds for ${FUZZ_SECONDS} s of inputs (FUZZ_SEED=${seed})`, { timeout }, async () => {
    const counts = { inputs: 0, accepted: 0 }
    const property = fc.asyncProperty(arbitrary, async (input) => {
      counts.inputs += 1
      if (await check(input)) counts.accepted += 1
    })
    const result = await fc.check(property, {
      seed,
      numRuns: Number.POSITIVE_INFINITY,
      interruptAfterTimeLimit: timeLimit,
    })
    const [failed] = result.counterexample ?? []
    if (result.failed) keepInput(name, failed)
    const outcome = { name, ...counts, failed }
    if (FUZZ_REPORT) appendFileSync(FUZZ_REPORT, `${JSON.stringify(outcome)}\n`)
    // With the assertion that failed, which the message of fast-check leaves out.
    if (result.failed)
      throw new Error(fc.defaultReportMessage(result), { cause: result.errorInstance })
  })
})
