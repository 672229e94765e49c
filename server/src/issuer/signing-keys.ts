import type { JsonWebKeySet } from '@tilepass/guard'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { Store } from '../store/open.ts'

/** The key that signs, and the public half of every key that ever signed. */
export interface SigningKeys {
  readonly keyId: string
  readonly algorithm: string
  readonly privateKey: CryptoKey
  /** Public members only. @see RFC 7517 §5 */
  readonly jwks: JsonWebKeySet
}

const ALGORITHM = 'RS256'
const MODULUS_BITS = 2048

/**
 * Loads the store's signing keys, creating the first one. Two processes that start at once on an
 * empty folder end up with the same key.
 */
export async function loadSigningKeys(store: Store, now: number): Promise<SigningKeys> {
  let rows = await listRows(store)
  if (rows.length === 0) {
    await addFirstKey(store, now)
    rows = await listRows(store)
  }
  const newest = rows[0]
  if (!newest) throw new Error('The store lost its signing key')
  const privateKey = await importJWK(JSON.parse(newest.private_jwk), newest.algorithm)
  if (privateKey instanceof Uint8Array) throw new TypeError('A signing key must not be a secret')
  return {
    keyId: newest.kid,
    algorithm: newest.algorithm,
    privateKey,
    jwks: { keys: rows.map(toPublicJwk) },
  }
}

/** What `key list` shows of a key. */
export interface KeySummary {
  readonly kid: string
  readonly algorithm: string
  readonly created_at: number
}

/** The signing keys without their secrets, the newest first. */
export async function listSigningKeys(store: Store): Promise<readonly KeySummary[]> {
  return (await listRows(store)).map(({ kid, algorithm, created_at }) => ({
    kid,
    algorithm,
    created_at,
  }))
}

async function listRows(store: Store) {
  return store.db
    .selectFrom('signing_key')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
}

async function addFirstKey(store: Store, now: number): Promise<void> {
  const pair = await generateKeyPair(ALGORITHM, { modulusLength: MODULUS_BITS, extractable: true })
  const jwk = await exportJWK(pair.privateKey)
  const key = {
    kid: await calculateJwkThumbprint(jwk),
    algorithm: ALGORITHM,
    private_jwk: JSON.stringify(jwk),
    created_at: now,
  }
  await store.db.transaction().execute(async (transaction) => {
    const other = await transaction.selectFrom('signing_key').select('kid').executeTakeFirst()
    if (!other) await transaction.insertInto('signing_key').values(key).execute()
  })
}

function toPublicJwk({
  kid,
  algorithm,
  private_jwk,
}: {
  kid: string
  algorithm: string
  private_jwk: string
}) {
  const { kty, n, e } = JSON.parse(private_jwk)
  return { kty, n, e, kid, alg: algorithm, use: 'sig' }
}
