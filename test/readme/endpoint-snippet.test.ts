import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { startServer } from '../support/servers/start-server.ts'
import { createProject, findSnippet } from '../support/snippets.ts'

const UPSTREAM = 'https://auth.example.com'
const TOKEN = { access_token: 'short-lived', token_type: 'Bearer', expires_in: 600 }

/** Runs the snippet with an upstream that accepts one API token, and answers others with a status. */
async function startEndpoint(apiToken: string, refusal = 401): Promise<string> {
  const upstream = await startServer(({ headers }, response) => {
    const isKnown = headers.authorization === 'Bearer right'
    response.writeHead(isKnown ? 200 : refusal, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isKnown ? TOKEN : { error: { message: 'of the upstream' } }))
  })
  onTestFinished(upstream.close)
  const folder = createProject()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { code } = findSnippet('README.md', 'Your own endpoint', 'ts')
  expect(code).toContain(UPSTREAM)
  const listen =
    "const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))"
  writeFileSync(join(folder, 'server.mjs'), `${code.replace(UPSTREAM, upstream.url)}${listen}\n`)
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: folder,
    env: { ...process.env, API_TOKEN: apiToken },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const [port] = await once(createInterface(child.stdout), 'line')
  return `http://127.0.0.1:${port}/map-token`
}

test('the endpoint of the README passes a token on, and no cache may keep it', async () => {
  const response = await fetch(await startEndpoint('right'), { method: 'POST' })
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(await response.json()).toEqual(TOKEN)
})

test.each([401, 403, 404, 429, 500])(
  'the endpoint of the README answers 502 where the upstream answers %d, so that no user is asked to sign in',
  async (status) => {
    const response = await fetch(await startEndpoint('wrong', status), { method: 'POST' })
    expect([response.status, response.headers.get('cache-control')]).toEqual([502, 'no-store'])
    expect(await response.json()).toEqual({
      error: 'upstream_refused',
      error_description: `The token API answered ${status}.`,
    })
  },
)
