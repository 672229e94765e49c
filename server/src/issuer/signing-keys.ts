import type { KeyObject } from 'node:crypto'
import type { JsonWebKeySet } from '@tilepass/guard'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { Store } from '../store/open.ts'
import {
  addFirstSigningKey,
  listSigningKeyRows,
  type SigningKeyRow,
} from '../store/signing-keys.ts'
import { type Basis, createWatch } from '../store/watch.ts'
import { isPublished, selectSigner, toNextTurn } from './key-schedule.ts'
import { DEFAULT_ALGORITHM, readPrivateKey, type SigningAlgorithm } from './signature.ts'

/** The key that signs, and the public half of every key whose tokens may still be current. */
export interface SigningKeys {
  readonly keyId: string
  readonly algorithm: string
  /** Of all keys in `jwks`. */
  readonly algorithms: readonly string[]
  readonly privateKey: KeyObject
  /** When the key began to sign; epoch ms. */
  readonly signsFrom: number
  /** Public members only; the same object as long as no key changes. @see RFC 7517 §5 */
  readonly jwks: JsonWebKeySet
  /** Are these keys known to be current? It answers without waiting. */
  isCurrent(basis?: Basis): boolean
  /** Loads what any process has changed, and lets the next key sign when it is time; nearly free. */
  refresh(basis?: Basis): Promise<void>
}

const MODULUS_BITS = 2048

type Snapshot = Omit<SigningKeys, 'isCurrent' | 'refresh'>

/**
 * Loads the signing keys of the store once, and creates the first one. Two processes that start at
 * once on an empty folder get the same key.
 *
 * @param now Epoch ms.
 * @param algorithm Of the first key.
 */
export async function loadSigningKeys(
  store: Store,
  now: number,
  algorithm?: SigningAlgorithm,
): Promise<SigningKeys> {
  const snapshot = toSnapshot(await listOrCreateSigningKeys(store, now, algorithm), now)
  return { ...snapshot, isCurrent: () => true, refresh: async () => undefined }
}

/**
 * Loads the signing keys for a process that keeps running: `refresh()` notices rotations by any process.
 *
 * @param now Epoch ms.
 * @param algorithm Of the first key.
 */
export async function watchSigningKeys(
  store: Store,
  now: () => number,
  algorithm?: SigningAlgorithm,
): Promise<SigningKeys> {
  let snapshot: Snapshot | undefined
  let nextTurnAt = Number.POSITIVE_INFINITY
  const watch = createWatch(store, async () => {
    const rows = await listOrCreateSigningKeys(store, now(), algorithm)
    const loaded = toSnapshot(rows, now())
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
    get algorithms() {
      return get().algorithms
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
  algorithm?: SigningAlgorithm,
): Promise<readonly SigningKeyRow[]> {
  const rows = await listSigningKeyRows(store)
  if (rows.length > 0) return rows
  await addFirstSigningKey(store, await createSigningKey(now, now, algorithm))
  return listSigningKeyRows(store)
}

/** Generates a key. Times are epoch ms. */
export async function createSigningKey(
  now: number,
  signsFrom: number,
  algorithm: SigningAlgorithm = DEFAULT_ALGORITHM,
): Promise<SigningKeyRow> {
  const pair = await generateKeyPair(algorithm, { modulusLength: MODULUS_BITS, extractable: true })
  const jwk = await exportJWK(pair.privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  // On a command line it would look like an option.
  if (kid.startsWith('-')) return createSigningKey(now, signsFrom, algorithm)
  return {
    kid,
    algorithm,
    private_jwk: JSON.stringify(jwk),
    created_at: now,
    signs_from: signsFrom,
    last_exp: 0,
  }
}

function toSnapshot(rows: readonly SigningKeyRow[], now: number): Snapshot {
  const signer = selectSigner(rows, now)
  const published = rows.filter((row) => isPublished(row, rows, now))
  return {
    keyId: signer.kid,
    algorithm: signer.algorithm,
    algorithms: [...new Set(published.map((row) => row.algorithm))],
    privateKey: readPrivateKey(signer.private_jwk),
    signsFrom: signer.signs_from,
    jwks: { keys: published.map(toPublicJwk) },
  }
}

function isSame(one: Snapshot, other: Snapshot): boolean {
  const toIds = ({ keyId, jwks }: Snapshot) => [keyId, ...jwks.keys.map(({ kid }) => kid)].join()
  return toIds(one) === toIds(other)
}

/** The public members of each type of key. @see RFC 7518 §6.2.1, §6.3.1, RFC 8037 §2 */
const PUBLIC_MEMBERS = ['kty', 'n', 'e', 'crv', 'x', 'y']

function toPublicJwk({ kid, algorithm, private_jwk }: SigningKeyRow) {
  const members = Object.entries(JSON.parse(private_jwk))
  const shown = Object.fromEntries(members.filter(([name]) => PUBLIC_MEMBERS.includes(name)))
  return { ...shown, kid, alg: algorithm, use: 'sig' }
}
