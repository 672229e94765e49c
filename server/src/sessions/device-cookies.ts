import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Store } from '../store/open.ts'
import { initSetting } from '../store/settings.ts'

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

const SETTING = 'device_secret'
/** How long a proof counts, in seconds: half a year. */
export const DEVICE_SECONDS = 183 * 86_400
const FORM = /^(\d{1,12})\.([\w-]{22})\.([\w-]{43})$/

/** Creates the proofs. Their secret (256 bits) is created with the first one. */
export function createDeviceCookies(store: Store, now: () => number): DeviceCookies {
  let secret: Uint8Array | undefined
  const sign = async (account: string, expiry: string, device: string) => {
    secret ??= Buffer.from(
      await initSetting(store, SETTING, randomBytes(32).toString('base64url')),
      'base64url',
    )
    return createHmac('sha256', secret)
      .update(JSON.stringify([account, expiry, device]))
      .digest()
  }

  return {
    create: async (account) => {
      const expiry = String(Math.floor(now() / 1000) + DEVICE_SECONDS)
      const device = randomBytes(16).toString('base64url')
      const signature = await sign(account, expiry, device)
      return `${expiry}.${device}.${signature.toString('base64url')}`
    },

    findDevice: async (value, account) => {
      const [, expiry, device, signature] = FORM.exec(value) ?? []
      if (expiry === undefined || device === undefined || signature === undefined) return
      if (Number(expiry) * 1000 <= now()) return
      const expected = await sign(account, expiry, device)
      const given = Buffer.from(signature, 'base64url')
      return given.length === expected.length && timingSafeEqual(given, expected)
        ? device
        : undefined
    },
  }
}
