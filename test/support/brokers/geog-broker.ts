import type { BrokerOptions } from '../../../server/src/index.ts'
import { demoData } from '../repository.ts'
import { bearer } from './bearer.ts'
import { type BrokerUnderTest, startBroker } from './broker-under-test.ts'

export const EVERY_SCOPE = 'tiles:read places:read billing:manage admin:access'
export const TILE = '/v1/tiles/world/0/0/0.mvt'
export const EXCHANGE = '/v1/auth/token'
export const PLACES = demoData('places.geojson')

/** The bodies that the Geog API documents for 401 and 403. */
export const AUTH_REQUIRED = {
  success: false,
  error: 'Unauthorized',
  message: 'Missing or invalid authorization header',
  code: 'AUTH_REQUIRED',
}
export const INVALID_TOKEN = {
  ...AUTH_REQUIRED,
  message: 'Invalid token format',
  code: 'INVALID_TOKEN',
}
export const TOKEN_EXPIRED = {
  ...AUTH_REQUIRED,
  message: 'Token has expired',
  code: 'TOKEN_EXPIRED',
}
export const INSUFFICIENT_SCOPE = {
  success: false,
  error: 'Forbidden',
  message: 'Insufficient permissions',
  code: 'INSUFFICIENT_SCOPE',
}

/** A broker whose Geog surface has tiles and places. */
export interface GeogBroker extends BrokerUnderTest {
  get(path: string, token?: string, init?: RequestInit): Promise<Response>
}

export async function startGeogBroker(options: BrokerOptions = {}): Promise<GeogBroker> {
  const running = await startBroker({
    tilesets: { world: { path: demoData('world.pmtiles') } },
    geog: { places: PLACES },
    ...options,
  })
  const get = (path: string, token?: string, init: RequestInit = {}) =>
    fetch(`${running.url}${path}`, token === undefined ? init : { headers: bearer(token), ...init })
  return { ...running, get }
}

/** Exchanges a subject token. @returns the body of the answer. */
export async function exchange({ post }: BrokerUnderTest, subject: string, body: object = {}) {
  return (await post(EXCHANGE, body, bearer(subject))).json()
}
