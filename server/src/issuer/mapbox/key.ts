import { randomBytes } from 'node:crypto'
import type { Store } from '../../store/open.ts'
import { initSetting } from '../../store/settings.ts'

const SETTING = 'mapbox_key'
const KEY_BYTES = 32

/** Loads the key that signs Mapbox tokens, or creates it; of two concurrent first runs one wins. */
export async function loadMapboxKey(store: Store): Promise<Uint8Array> {
  const fresh = randomBytes(KEY_BYTES).toString('base64url')
  return Buffer.from(await initSetting(store, SETTING, fresh), 'base64url')
}
