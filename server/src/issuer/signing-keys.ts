import type { JsonWebKeySet } from '@tilepass/guard'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { Selectable } from 'kysely'
import type { Store } from '../store/open.ts'
import type { SigningKeyTable } from '../store/schema.ts'
import { MAX_API_SECONDS } from './kinds.ts'

/** The key that signs, and the public half of every key whose tokens may still be current. */
export interface SigningKeys {
  readonly keyId: string
  readonly algorithm: string
  readonly privateKey: CryptoKey
  /** Public members only. @see RFC 7517 §5 */
  readonly jwks: JsonWebKeySet
  /** Notices what any process did to the keys, and whose turn it is to sign; nearly free. */
  refresh(): Promise<void>
}

/** How long verifiers may keep our key set, in seconds. */
export const KEY_SET_MAX_AGE_SECONDS = 3600
/** A key is published this long before it signs; the minute is for processes that notice late. */
const PUBLISHED_AHEAD = (KEY_SET_MAX_AGE_SECONDS + 60) * 1000
/** A key stays published this long after its last signature: the longest lifetime and a leeway. */
const KEPT_AFTER = MAX_API_SECONDS * 1000 + 60_000
/** Keys at once: verifiers refuse key sets that are too long, ours those over 64 KiB. */
const MAX_KEYS = 100
/** How long another process's rotation may go unnoticed, in ms. */
const MAX_STALENESS = 250

const ALGORITHM = 'RS256'
const MODULUS_BITS = 2048

type Row = Readonly<Selectable<SigningKeyTable>>
type Snapshot = Omit<SigningKeys, 'refresh'>

/**
 * Loads the store's signing keys as they are, creating the first one. Two processes that start at
 * once on an empty folder end up with the same key.
 *
 * @param now Epoch ms.
 */
export async function loadSigningKeys(store: Store, now: number): Promise<SigningKeys> {
  const snapshot = await toSnapshot(await listOrCreate(store, now), now)
  return { ...snapshot, refresh: async () => undefined }
}

/** The same for a process that lives on: rotations by any process are noticed at `refresh()`. */
export async function watchSigningKeys(store: Store, now: () => number): Promise<SigningKeys> {
  let version = store.readDataVersion()
  let rows = await listOrCreate(store, now())
  let snapshot = await toSnapshot(rows, now())
  let dueAt = findNextChange(rows, now())
  let checkedAt = performance.now()
  let loading: Promise<void> | undefined

  const load = async () => {
    const seen = store.readDataVersion()
    if (seen !== version) rows = await listOrCreate(store, now())
    version = seen
    snapshot = await toSnapshot(rows, now())
    dueAt = findNextChange(rows, now())
  }

  return {
    get keyId() {
      return snapshot.keyId
    },
    get algorithm() {
      return snapshot.algorithm
    },
    get privateKey() {
      return snapshot.privateKey
    },
    get jwks() {
      return snapshot.jwks
    },
    refresh: async () => {
      const isDue = now() >= dueAt
      if (!isDue && performance.now() - checkedAt < MAX_STALENESS) return loading
      checkedAt = performance.now()
      if (!isDue && !loading && store.readDataVersion() === version) return
      loading ??= load().finally(() => {
        loading = undefined
      })
      return loading
    },
  }
}

/** What may be shown of a key. */
export interface KeySummary {
  readonly kid: string
  readonly algorithm: string
  readonly created_at: number
  /** Epoch ms; in the future while verifiers are still learning of it. */
  readonly signs_from: number
  readonly state: 'waiting' | 'signing' | 'retired'
}

/** The signing keys without their secrets, the newest first. */
export async function listSigningKeys(store: Store, now: number): Promise<readonly KeySummary[]> {
  const rows = await listRows(store)
  const signer = findSigner(rows, now)
  return rows.map(({ kid, algorithm, created_at, signs_from }) => {
    const state = kid === signer?.kid ? 'signing' : signs_from > now ? 'waiting' : 'retired'
    return { kid, algorithm, created_at, signs_from, state }
  })
}

/**
 * Adds a key that signs once every verifier can know it, and drops keys whose last token has ended.
 *
 * @returns `undefined` if there are too many keys already.
 */
export async function rotateSigningKeys(
  store: Store,
  now: number,
): Promise<KeySummary | undefined> {
  await listOrCreate(store, now)
  const key = { ...(await makeKey(now)), signs_from: now + PUBLISHED_AHEAD }
  const added = await store.db.transaction().execute(async (transaction) => {
    const rows = await listRows({ db: transaction })
    const gone = rows.filter((row) => !isPublished(row, rows, now)).map(({ kid }) => kid)
    if (rows.length - gone.length >= MAX_KEYS) return
    if (gone.length > 0)
      await transaction.deleteFrom('signing_key').where('kid', 'in', gone).execute()
    await transaction.insertInto('signing_key').values(key).execute()
    return key
  })
  store.noteWrite()
  if (!added) return
  const { kid, algorithm, created_at, signs_from } = added
  return { kid, algorithm, created_at, signs_from, state: 'waiting' }
}

async function toSnapshot(rows: readonly Row[], now: number): Promise<Snapshot> {
  const signer = findSigner(rows, now)
  if (!signer) throw new Error('The store lost its signing key')
  const privateKey = await importJWK(JSON.parse(signer.private_jwk), signer.algorithm)
  if (privateKey instanceof Uint8Array) throw new TypeError('A signing key must not be a secret')
  const published = rows.filter((row) => isPublished(row, rows, now))
  return {
    keyId: signer.kid,
    algorithm: signer.algorithm,
    privateKey,
    jwks: { keys: published.map(toPublicJwk) },
  }
}

function findSigner(rows: readonly Row[], now: number): Row | undefined {
  return rows.find(({ signs_from }) => signs_from <= now) ?? rows.at(-1)
}

// Rows come newest first: a key's last signature is when the one before it in the list took over.
function isPublished(row: Row, rows: readonly Row[], now: number): boolean {
  const successor = rows[rows.indexOf(row) - 1]
  return successor === undefined || now < successor.signs_from + KEPT_AFTER
}

/** When the next key takes its turn to sign, or leaves; epoch ms. */
function findNextChange(rows: readonly Row[], now: number): number {
  const changes = rows.flatMap(({ signs_from }) => [signs_from, signs_from + KEPT_AFTER])
  return Math.min(...changes.filter((at) => at > now), Number.POSITIVE_INFINITY)
}

async function listOrCreate(store: Store, now: number): Promise<readonly Row[]> {
  const rows = await listRows(store)
  if (rows.length > 0) return rows
  const key = { ...(await makeKey(now)), signs_from: now }
  await store.db.transaction().execute(async (transaction) => {
    const other = await transaction.selectFrom('signing_key').select('kid').executeTakeFirst()
    if (!other) await transaction.insertInto('signing_key').values(key).execute()
  })
  return listRows(store)
}

function listRows({ db }: Pick<Store, 'db'>): Promise<readonly Row[]> {
  return db
    .selectFrom('signing_key')
    .selectAll()
    .orderBy('signs_from', 'desc')
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
}

async function makeKey(now: number): Promise<Omit<Row, 'signs_from'>> {
  const pair = await generateKeyPair(ALGORITHM, { modulusLength: MODULUS_BITS, extractable: true })
  const jwk = await exportJWK(pair.privateKey)
  return {
    kid: await calculateJwkThumbprint(jwk),
    algorithm: ALGORITHM,
    private_jwk: JSON.stringify(jwk),
    created_at: now,
  }
}

function toPublicJwk({ kid, algorithm, private_jwk }: Row) {
  const { kty, n, e } = JSON.parse(private_jwk)
  return { kty, n, e, kid, alg: algorithm, use: 'sig' }
}
