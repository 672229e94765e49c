import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { makeDataFolder, runCommand, startBroker } from '../support/brokers/broker-under-test.ts'
import { test } from '../support/pages/page-test.ts'
import { serveProject } from '../support/pages/vite-project.ts'
import { createProject, findSnippet } from '../support/snippets.ts'

const PAGE = 'docs/sign-in.md'

test('the page of the documentation signs in, stays signed in over a reload, and signs out', async ({
  openPage,
}) => {
  const data = makeDataFolder()
  const args = ['account', 'create', 'city', '--password-stdin']
  expect(await runCommand(data, args, { input: 'correct horse' })).toMatchObject({ code: 0 })
  const config = JSON.parse(findSnippet(PAGE, 'Sign-in', 'json').code)
  const { url: broker } = await startBroker({ data, grants: config.grants })
  const folder = createProject()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { code } = findSnippet(PAGE, 'Sign-in', 'ts')
  const exposed = 'Object.assign(globalThis, { tokens, signIn, signOut })'
  writeFileSync(join(folder, 'main.ts'), `${code}${exposed}\n`)
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.ts"></script>',
  )
  const { page } = await openPage(
    await serveProject(folder, broker, ['/map-token', '/token', '/logout']),
    { isIsolated: true },
  )
  /** Runs an expression in the page, and returns its result or the message of its error. */
  const run = async (expression: string): Promise<unknown> => {
    await page.waitForFunction('globalThis.tokens')
    return page.evaluate(
      `(async () => ${expression})().then((value) => value ?? 'done', ({ code, message }) => code ?? message)`,
    )
  }
  const getToken = () => run('typeof (await tokens.getToken()).value')

  expect(await getToken()).toBe('ERR_TOKEN_DENIED')
  expect(await run('tokens.state')).toBe('denied')
  expect(await run("signIn('city', 'wrong')")).toBe('The name or the password is wrong.')
  expect(await run("signIn('city', 'correct horse')")).toBe('done')
  expect(await getToken()).toBe('string')
  await page.reload()
  expect(await getToken()).toBe('string')
  expect(await run('signOut()')).toBe('done')
  expect(await getToken()).toBe('ERR_TOKEN_DENIED')
})
