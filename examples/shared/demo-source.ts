import type { RenewalReason } from '@tilepass/core'

/** A token source with faults that the panel controls. The page simulates them; the broker is not affected. */
export interface DemoSource {
  /** For `createTokenManager`. */
  source(request: { reason: RenewalReason; signal: AbortSignal }): Promise<Response>
  /** Exchanges sent so far, and how many of them failed. */
  readonly exchanges: number
  readonly failures: number
  /** While true, every exchange fails with 503. */
  broken: boolean
  /** Gives the next token an invalid signature, as if its key had been revoked. */
  corruptNext(): void
  /** Delays exchanges until this time (epoch ms). */
  delayUntil(time: number): void
}

/** Requests a token of the grant `short` from the broker; it lives for 15 s. */
export function requestToken(signal?: AbortSignal): Promise<Response> {
  return fetch('/map-token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ grant: 'short' }),
    ...(signal ? { signal } : {}),
  })
}

/** Adds the faults to a token request. While no fault is on, the request is unchanged. */
export function createDemoSource(
  request: (signal: AbortSignal) => Promise<Response> = requestToken,
): DemoSource {
  let exchanges = 0
  let failures = 0
  let isNextCorrupt = false
  let delayedUntil = 0

  async function ask(signal: AbortSignal): Promise<Response> {
    await delay(delayedUntil - Date.now(), signal)
    if (demo.broken) return new Response(null, { status: 503 })
    const response = await request(signal)
    if (!isNextCorrupt || !response.ok) return response
    isNextCorrupt = false
    return corrupt(response)
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
    corruptNext() {
      isNextCorrupt = true
    },
    delayUntil(time) {
      delayedUntil = time
    },
  }
  return demo
}

/** Copies a response and reverses the first characters of its token's signature. */
async function corrupt(response: Response): Promise<Response> {
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
