import { randomUUID } from 'node:crypto'
import { type Answer, ask, readText, toInit } from './answer.ts'
import { type Client, every, probeRefresh, probeSession } from './client.ts'

export const PASSWORD = 'correct horse'

/** The tokens of a session. */
export interface Session {
  readonly session: string
  readonly refresh: string
}

/** Signs in, refreshes, uses a refresh token at two replicas at the same time, and signs out. */
export async function runSessions(client: Client): Promise<void> {
  await every(client, 1_500, async () => {
    let tokens = await signIn(client, 'member')
    for (let count = 0; tokens && count < 2; count++) {
      await client.once('/account', '/account', { bearer: tokens.session }, [200])
      tokens = await refresh(client, tokens)
    }
    tokens = tokens && (await race(client, tokens))
    if (!tokens) return
    const request = { method: 'POST', bearer: tokens.session }
    // After a lost answer the session has ended already.
    const left = await client.until('/logout', '/logout', request, [204], 401)
    if (!left) return
    client.endings.watch('session', probeSession(tokens.session))
    client.endings.watch('refresh token of an ended family', probeRefresh(tokens.refresh))
  })
}

/** @returns `undefined` if there is no answer */
export async function signIn(client: Client, username: string): Promise<Session | undefined> {
  const json = { username, password: PASSWORD }
  return toSession(await client.once('sign-in (/token)', '/token', { json }, [200]))
}

/** A lost answer is asked for again with the same key, as the documentation says. */
async function refresh(client: Client, { refresh: token }: Session): Promise<Session | undefined> {
  const json = { refresh_token: token }
  const headers = { 'idempotency-key': randomUUID() }
  return toSession(await client.until('refresh (/token)', '/token', { json, headers }, [200]))
}

/** One of two uses at the same time wins. */
async function race(client: Client, { refresh: token }: Session): Promise<Session | undefined> {
  const [, one = '', other = ''] = client.replicas()
  const init = toInit({ json: { refresh_token: token } })
  const answers = await Promise.all([one, other].map((replica) => ask(`${replica}/token`, init)))
  const winners = answers.filter(({ status }) => status === 200)
  if (winners.length > 1) client.journal.wrong('a refresh token was accepted twice')
  const isAnswered = answers.every(({ status }) => status === 200 || status === 401)
  if (isAnswered && winners.length === 0)
    client.journal.wrong('a refresh token was accepted by no replica')
  return toSession(winners[0])
}

function toSession(answer: Answer | undefined): Session | undefined {
  if (!answer) return
  return { session: readText(answer, 'token'), refresh: readText(answer, 'refresh_token') }
}
