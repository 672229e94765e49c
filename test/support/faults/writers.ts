import type { Calls } from './calls.ts'

/** Clients that create and revoke tokens, and remember what was acknowledged. */
export interface Writers {
  /** Writes until the first call that is not acknowledged, with so many clients at once. */
  run(clients: number, calls: Calls): Promise<void>
  /** So many changes were acknowledged so far. */
  countAcknowledged(): number
  /** Asks whether what was acknowledged since the last check holds. */
  check(calls: Calls): Promise<Held>
}

/** What was acknowledged, and what of it does not hold. */
export interface Held {
  readonly created: number
  readonly lostCreations: number
  readonly revoked: number
  readonly lostRevocations: number
}

/** Creates the clients. Of the tokens that they create, they revoke every other one. */
export function createWriters(): Writers {
  let valid: string[] = []
  let revoked: string[] = []
  let acknowledged = 0
  let created = 0

  const write = async (calls: Calls) => {
    for (;;) {
      const { status, body } = await calls.createToken()
      if (status !== 201 || !body) return
      acknowledged += 1
      created += 1
      if (created % 2 === 1) {
        valid.push(body.token)
        continue
      }
      // A revocation without an answer may hold or not, so this token is not checked.
      if ((await calls.revoke(body.id)).status !== 204) return
      acknowledged += 1
      revoked.push(body.token)
    }
  }

  return {
    run: async (clients, calls) => {
      await Promise.all(Array.from({ length: clients }, () => write(calls)))
    },
    countAcknowledged: () => acknowledged,
    check: async (calls) => {
      const [mustPass, mustFail] = [valid, revoked]
      valid = []
      revoked = []
      const statusesOf = (tokens: readonly string[]) =>
        Promise.all(tokens.map(async (token) => (await calls.exchange(token)).status))
      const passed = await statusesOf(mustPass)
      const failed = await statusesOf(mustFail)
      return {
        created: mustPass.length,
        lostCreations: passed.filter((status) => status !== 200).length,
        revoked: mustFail.length,
        lostRevocations: failed.filter((status) => status !== 401).length,
      }
    },
  }
}
