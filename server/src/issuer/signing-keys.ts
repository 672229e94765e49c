import type { JsonWebKeySet } from '@tilepass/guard'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { Store } from '../store/open.ts'
import {
  addFirstSigningKey,
  listSigningKeyRows,
  type SigningKeyRow,
} from '../store/signing-keys.ts'
import { type Basis, createWatch } from '../store/watch.ts'
import { isPublished, selectSigner, toNextTurn } from './key-schedule.ts'

/** The key that signs, and the public half of every key whose tokens may still be current. */
export interface SigningKeys {
  readonly keyId: string
  readonly algorithm: string
  readonly privateKey: CryptoKey
  /** When the key began to sign; epoch ms. */
  readonly signsFrom: number
  /** Public members only; the same object as long as no key changes. @see RFC 7517 §5 */
  readonly jwks: JsonWebKeySet
  /** Are these keys known to be current? It answers without waiting. */
  isCurrent(basis?: Basis): boolean
  /** Loads what any process has changed, and lets the next key sign when it is time; nearly free. */
  refresh(basis?: Basis): Promise<void>
}

const ALGORITHM = 'RS256'
const MODULUS_BITS = 2048

type Snapshot = Pick<SigningKeys, 'keyId' | 'algorithm' | 'privateKey' | 'signsFrom' | 'jwks'>

/**
 * Loads the signing keys of the store once, and creates the first one. Two processes that start at
 * once on an empty folder get the same key.
 *
 * @param now Epoch ms.
 */
export async function loadSigningKeys(store: Store, now: number): Promise<SigningKeys> {
  const snapshot = await toSnapshot(await listOrCreateSigningKeys(store, now), now)
  return { ...snapshot, isCurrent: () => true, refresh: async () => undefined }
}

/**
 * Loads the signing keys for a process that keeps running: `refresh()` notices rotations by any process.
 *
 * @param now Epoch ms.
 */
export async function watchSigningKeys(store: Store, now: () => number): Promise<SigningKeys> {
  let snapshot: Snapshot | undefined
  let nextTurnAt = Number.POSITIVE_INFINITY
  const watch = createWatch(store, async () => {
    const rows = await listOrCreateSigningKeys(store, now())
    const loaded = await toSnapshot(rows, now())
    // Verifiers start afresh with a new key set, and most changes of the store are others.
    if (!snapshot || !isSame(loaded, snapshot)) snapshot = loaded
    nextTurnAt = toNextTurn(rows, now())
  })
  await watch.update()
  const get = () => {
    if (!snapshot) throw new Error('The signing keys have not been loaded')
    return snapshot
  }

  return {
    get keyId() {
      return get().keyId
    },
    get algorithm() {
      return get().algorithm
    },
    get privateKey() {
      return get().privateKey
    },
    get signsFrom() {
      return get().signsFrom
    },
    get jwks() {
      return get().jwks
    },
    isCurrent: (basis) => now() < nextTurnAt && watch.isCurrent(basis),
    refresh: (basis) => (now() < nextTurnAt ? watch.update(basis) : watch.reload()),
  }
}

/**
 * Lists the signing keys with their secrets, creating the first one.
 *
 * @returns The key that signs last first.
 */
export async function listOrCreateSigningKeys(
  store: Store,
  now: number,
): Promise<readonly SigningKeyRow[]> {
  const rows = await listSigningKeyRows(store)
  if (rows.length > 0) return rows
  await addFirstSigningKey(store, await createSigningKey(now, now))
  return listSigningKeyRows(store)
}

/** Generates a key. Times are epoch ms. */
export async function createSigningKey(now: number, signsFrom: number): Promise<SigningKeyRow> {
  const pair = await generateKeyPair(ALGORITHM, { modulusLength: MODULUS_BITS, extractable: true })
  const jwk = await exportJWK(pair.privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  // On a command line it would look like an option.
  if (kid.startsWith('-')) return createSigningKey(now, signsFrom)
  return {
    kid,
    algorithm: ALGORITHM,
    private_jwk: JSON.stringify(jwk),
    created_at: now,
    signs_from: signsFrom,
    last_exp: 0,
  }
}

async function toSnapshot(rows: readonly SigningKeyRow[], now: number): Promise<Snapshot> {
  const signer = selectSigner(rows, now)
  const privateKey = await importJWK(JSON.parse(signer.private_jwk), signer.algorithm)
  if (privateKey instanceof Uint8Array) throw new TypeError('A signing key must not be a secret')
  const published = rows.filter((row) => isPublished(row, rows, now))
  return {
    keyId: signer.kid,
    algorithm: signer.algorithm,
    privateKey,
    signsFrom: signer.signs_from,
    jwks: { keys: published.map(toPublicJwk) },
  }
}

function isSame(one: Snapshot, other: Snapshot): boolean {
  const toIds = ({ keyId, jwks }: Snapshot) => [keyId, ...jwks.keys.map(({ kid }) => kid)].join()
  return toIds(one) === toIds(other)
}

function toPublicJwk({ kid, algorithm, private_jwk }: SigningKeyRow) {
  const { kty, n, e } = JSON.parse(private_jwk)
  return { kty, n, e, kid, alg: algorithm, use: 'sig' }
}
