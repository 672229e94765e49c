import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeDataFolder, runCommand, storeVariables } from '../support/broker-under-test.ts'
import { BIN, setUpSecondBrokers } from '../support/second-broker.ts'

setUpSecondBrokers()

const ROUNDS = 100
const RESOURCES = ['mapbox://styles/a']
const SCOPES = 'tokens:read tokens:write styles:tiles'

/** Starts a server in its own process. @returns its URL */
async function serve(data: string): Promise<string> {
  const config = join(data, 'config.json')
  writeFileSync(config, JSON.stringify({ mapbox: { requestsPerMinute: 1_000_000 } }))
  const args = [BIN, 'serve', '--port', '0', '--config', config]
  const env = { ...process.env, ...(await storeVariables(data)) }
  const child = spawn(process.execPath, args, { env })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  let printed = ''
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      const url = /listens on (\S+)/.exec(printed)?.[1]
      if (url) resolve(url)
    })
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${printed}`)))
  })
}

test('X15: of a restriction and a note that two processes change at once, neither is lost', async () => {
  const data = makeDataFolder()
  await runCommand(data, ['account', 'create', 'a'])
  const args = ['token', 'create', '--account', 'a', '--format', 'mapbox', '--scope', SCOPES]
  const sk = (await runCommand(data, args)).out.trim()
  const servers = [await serve(data), await serve(data)]
  const ask = async (server: string | undefined, method: string, path: string, body: object) => {
    const response = await fetch(`${server}/tokens/v2/a${path}?access_token=${sk}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(200)
    return response.json()
  }
  const [first, second] = servers
  const lost = []
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await ask(first, 'POST', '', { scopes: ['styles:tiles'] })
    await Promise.all([
      ask(first, 'PATCH', `/${id}`, { resources: RESOURCES }),
      ask(second, 'PATCH', `/${id}`, { note: 'x' }),
    ])
    const { note, resources } = await ask(first, 'PATCH', `/${id}`, {})
    if (note !== 'x' || resources?.[0] !== RESOURCES[0]) lost.push({ round, note, resources })
  }
  expect(lost).toEqual([])
})
