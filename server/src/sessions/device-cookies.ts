import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { DEVICE_SECONDS } from '../issuer/kinds.ts'
import { watchSecretKeys } from '../issuer/secret-keys.ts'
import type { Store } from '../store/open.ts'

/**
 * Proofs that somebody has signed in to an account from a browser before. While strangers exhaust the
 * attempts on an account, such a browser still has attempts of its own. A proof opens nothing.
 *
 * @see https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
 */
export interface DeviceCookies {
  /** A new proof for an account. */
  create(account: string): Promise<string>
  /** The id of the browser; `undefined` unless the proof is current and for this account. */
  findDevice(value: string, account: string): Promise<string | undefined>
}

const FORM = /^(\d{1,12})\.([\w-]{22})\.([\w-]{43})$/

/** Creates the proofs. Their first key is created with the first one. */
export function createDeviceCookies(store: Store, now: () => number): DeviceCookies {
  const keys = watchSecretKeys(store, 'device', now)
  /** The signatures by every key, that of the newest first. */
  const sign = async (account: string, expiry: string, device: string) => {
    await keys.refresh()
    const content = JSON.stringify([account, expiry, device])
    return keys.all.map((key) => createHmac('sha256', key).update(content).digest())
  }

  return {
    create: async (account) => {
      const expiry = String(Math.floor(now() / 1000) + DEVICE_SECONDS)
      const device = randomBytes(16).toString('base64url')
      const [signature] = await sign(account, expiry, device)
      return `${expiry}.${device}.${signature?.toString('base64url')}`
    },

    findDevice: async (value, account) => {
      const [, expiry, device, signature] = FORM.exec(value) ?? []
      if (expiry === undefined || device === undefined || signature === undefined) return
      if (Number(expiry) * 1000 <= now()) return
      const given = Buffer.from(signature, 'base64url')
      const isGenuine = (expected: Buffer) =>
        given.length === expected.length && timingSafeEqual(given, expected)
      return (await sign(account, expiry, device)).some(isGenuine) ? device : undefined
    },
  }
}
