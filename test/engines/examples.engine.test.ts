import { expect, inEachEngine, runScenario, test } from '../support/engines/engine-test.ts'
import { frameExamples } from '../support/engines/framed-examples.ts'
import type { Visit } from './examples.scenario.ts'

/** WebKit gives a page in a frame the scheme of the desktop. */
const LOOKS = {
  chromium: ['390 px, dark', '900 px, light'],
  firefox: ['390 px, dark', '900 px, light'],
  webkit: ['390 px, light', '900 px, light'],
}

inEachEngine('the example pages', (engine) => {
  // In Chromium, tests of test/browser look closer, and press keys.
  test.skipIf(engine.name === 'chromium')(
    'show their maps without an error, every control takes the focus visibly, axe objects to nothing, and without WebGL they say so',
    async () => {
      let stop = async () => {}
      try {
        const { errors, result } = await runScenario<readonly Visit[]>(
          engine,
          'engines/examples.scenario.ts',
          (urls) => {
            const framed = frameExamples(() => urls.page ?? '')
            stop = framed.stop
            return { page: framed.app }
          },
        )
        expect(errors).toEqual([])
        expect(result.filter(({ faults }) => faults.length > 0)).toEqual([])
        expect(result.map(({ page }) => page)).toEqual([
          ...['/', '/maplibre/', '/leaflet/', '/side-by-side/', '/cog/'],
          ...['/ without WebGL', '/maplibre/ without WebGL', '/side-by-side/ without WebGL'],
        ])
        for (const { page, controls, looks } of result) {
          expect([page, controls]).toEqual([page, expect.toSatisfy((count) => count > 5)])
          const expected = LOOKS[engine.name].slice(0, page.includes('without') ? 1 : 2)
          expect([page, looks]).toEqual([page, expected])
        }
      } finally {
        await stop()
      }
    },
  )
})
