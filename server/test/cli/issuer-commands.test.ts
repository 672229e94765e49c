import { describe, expect, test } from 'vitest'
import { makeDataFolder, NOW, runCommand, startBroker } from '../support/broker-under-test.ts'
import { onPostgres } from '../support/test-location.ts'

const URL_BEFORE = 'https://first.example'
const URL_AFTER = 'https://maps.example'

async function startWithTokens() {
  const broker = await startBroker({ issuer: URL_BEFORE })
  const token = await broker.createToken()
  await broker.createToken('tiles:read', 1)
  const revoked = JSON.parse(
    (await broker.cli('token', 'create', '--account', 'demo', '--scope', 'tiles:read', '--json'))
      .out,
  )
  await broker.cli('token', 'revoke', revoked.id)
  broker.clock.now = NOW + 5_000
  return { ...broker, token }
}

describe('issuer set', () => {
  test('says how many tokens end, asks, and nothing brings them back', async () => {
    const { broker, data, clock, token } = await startWithTokens()
    const asked: string[] = []
    const ask = async (question: string) => {
      asked.push(question)
      return 'y'
    }
    const now = () => clock.now
    const { out, code } = await runCommand(data, ['issuer', 'set', URL_AFTER], { ask, now })
    expect(asked).toEqual([expect.stringMatching(/ends 1 API token for good,/)])
    expect([code, out]).toEqual([0, expect.stringMatching(/Start the servers .* again/)])
    await broker.close()

    const next = await startBroker({ data, issuer: URL_AFTER })
    const headers = { authorization: `Bearer ${token}` }
    expect((await next.post('/v1/auth/token', {}, headers)).status).toBe(401)
    await next.broker.close()
    await runCommand(data, ['issuer', 'set', URL_BEFORE], { now })
    const back = await startBroker({ data, issuer: URL_BEFORE })
    expect((await back.post('/v1/auth/token', {}, headers)).status).toBe(401)
    const fresh = { authorization: `Bearer ${await back.createToken()}` }
    expect((await back.post('/v1/auth/token', {}, fresh)).status).toBe(200)
  })

  test('changes nothing unless the answer is yes', async () => {
    const { data } = await startWithTokens()
    const result = await runCommand(data, ['issuer', 'set', URL_AFTER], { ask: async () => '' })
    expect([result.code, result.error]).toEqual([1, 'Nothing was changed.\n'])
    expect((await runCommand(data, ['issuer', 'show'])).out).toBe(`${URL_BEFORE}\n`)
  })

  test('is audited, and asks nothing where nothing ends', async () => {
    const data = makeDataFolder()
    const ask = () => Promise.reject(new Error('asked'))
    expect((await runCommand(data, ['issuer', 'set', URL_AFTER], { ask })).code).toBe(0)
    const again = await runCommand(data, ['issuer', 'set', URL_AFTER], { ask })
    expect(again.out).toBe(`The issuer is ${URL_AFTER} already.\n`)
    const { out } = await runCommand(data, ['audit', '--json'])
    expect(JSON.parse(out)).toEqual([
      expect.objectContaining({ actor: 'cli', action: 'issuer.set', target: URL_AFTER }),
    ])
  })

  test.each(['maps.example', 'https://maps.example/', 'https://u:p@maps.example', ''])(
    'refuses %j, and says the rule',
    async (url) => {
      const { code, error } = await runCommand(makeDataFolder(), ['issuer', 'set', url])
      expect([code, error]).toEqual([2, expect.stringContaining('must be an http(s) URL')])
    },
  )
})

test('issuer show says that there is none yet, and how to set one in this folder', async () => {
  const data = makeDataFolder()
  await runCommand(data, ['account', 'create', 'a'])
  const { out } = await runCommand(data, ['issuer', 'show'])
  expect(out).toContain(`tilepass issuer set URL${onPostgres ? '' : ` --data ${data}`}`)
})
