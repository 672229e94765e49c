import type { RenewalReason } from '@tilepass/core'

/** A source of tokens that the panel can break. All of it happens in the page; the broker never notices. */
export interface DemoSource {
  /** For `createTokenManager`. */
  source(request: { reason: RenewalReason; signal: AbortSignal }): Promise<Response>
  /** Exchanges that have left so far, and how many of them failed. */
  readonly exchanges: number
  readonly failures: number
  /** While true, every exchange is answered with 503. */
  broken: boolean
  /** The next token arrives with a wrong signature, as if its key had been withdrawn. */
  spoilNext(): void
  /** Holds exchanges back until this instant (epoch ms). */
  holdUntil(instant: number): void
}

/** Asks the broker for the example pages' grant: tokens that live for 15 s. */
export function requestToken(signal?: AbortSignal): Promise<Response> {
  return fetch('/map-token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant: 'short' }),
    ...(signal ? { signal } : {}),
  })
}

/** Wraps a request for tokens with faults; without any it behaves as the plain one. */
export function createDemoSource(
  request: (signal: AbortSignal) => Promise<Response> = requestToken,
): DemoSource {
  let exchanges = 0
  let failures = 0
  let spoiled = false
  let heldUntil = 0

  async function ask(signal: AbortSignal): Promise<Response> {
    await delay(heldUntil - Date.now(), signal)
    if (demo.broken) return new Response(null, { status: 503 })
    const response = await request(signal)
    if (!spoiled || !response.ok) return response
    spoiled = false
    return spoil(response)
  }

  const demo: DemoSource = {
    broken: false,
    get exchanges() {
      return exchanges
    },
    get failures() {
      return failures
    },
    async source({ signal }) {
      exchanges++
      try {
        const response = await ask(signal)
        if (!response.ok) failures++
        return response
      } catch (error) {
        failures++
        throw error
      }
    },
    spoilNext() {
      spoiled = true
    },
    holdUntil(instant) {
      heldUntil = instant
    },
  }
  return demo
}

/** The same answer, with the first characters of the token's signature reversed. */
async function spoil(response: Response): Promise<Response> {
  const body: { access_token: string } = await response.json()
  const [header, claims, signature = ''] = body.access_token.split('.')
  const wrong = [...signature.slice(0, 40)].reverse().join('') + signature.slice(40)
  return Response.json({ ...body, access_token: `${header}.${claims}.${wrong}` })
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
