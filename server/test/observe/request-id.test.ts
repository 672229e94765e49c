import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startBroker, watchLog } from '../support/broker-under-test.ts'

async function ask(given?: string) {
  const { logger, logged } = watchLog()
  const { url } = await startBroker({ logger })
  const headers = given === undefined ? {} : { 'x-request-id': given }
  const { headers: sent } = await fetch(`${url}/map-token`, { method: 'POST', headers })
  const returned = sent.get('x-request-id')
  await expect.poll(logged).toContain('"path":"/map-token"')
  const lines = logged().trim().split('\n')
  const [line] = lines.map((text) => JSON.parse(text)).filter(({ req }) => req)
  return { returned, logged: line.req.id }
}

test.each(['0af7651916cd43dd8448eb211c80319c', randomUUID(), 'a', 'A_b-9'.repeat(12)])(
  'the id that a proxy gives names the request in log and response: %s',
  async (given) => {
    expect(await ask(given)).toEqual({ returned: given, logged: given })
  },
)

test.each([
  undefined,
  '',
  'a b',
  'a,b',
  'a'.repeat(65),
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0b2tfMCJ9.c2ln',
  '<script>',
  'a"b',
  'é',
])('any other id is replaced by a new one, and not logged: %j', async (given) => {
  const { returned, logged } = await ask(given)
  expect(returned).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
  expect(logged).toBe(returned)
})
