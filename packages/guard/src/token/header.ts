import { InvalidTokenError } from '../errors.ts'

/** The header of a token. Nothing in it is trusted yet. */
export interface TokenHeader {
  /** `alg`: compared with the configured algorithm, never used to choose one. */
  readonly algorithm: string
  readonly keyId: string | undefined
  /** `typ`. */
  readonly type: string | undefined
  /** Does it mark tile claims as critical (`crit: ["tiles"]`)? */
  readonly hasCriticalTiles: boolean
}

/** The header of a token of our own kind. */
export interface OwnHeader extends TokenHeader {
  readonly keyId: string
}

type Header = Readonly<Record<string, unknown>>

/** Members by which a token could bring its own key, or change how its bytes are read. */
const FORBIDDEN = ['jwk', 'jku', 'x5u', 'x5c', 'zip', 'b64', 'enc', 'cty']
/** Members that only name a certificate. Other issuers send them; they are never used. */
const THUMBPRINTS = ['x5t', 'x5t#S256']
const TYPES = ['JWT', 'at+jwt']

/**
 * Reads the header of a token of our own kind, exactly as we write it.
 *
 * @throws {@link InvalidTokenError}
 */
export function parseOwnHeader(header: Header): OwnHeader {
  assertNoMember(header, [...FORBIDDEN, ...THUMBPRINTS])
  const algorithm = readAlgorithm(header)
  const { kid, typ } = header
  if (typeof kid !== 'string' || kid === '')
    throw new InvalidTokenError('kid must be a non-empty string')
  if (typ !== undefined && !(typeof typ === 'string' && TYPES.includes(typ)))
    throw new InvalidTokenError('unsupported typ')
  return { algorithm, keyId: kid, type: typ, hasCriticalTiles: readCritical(header) }
}

/**
 * Reads the header of a token of any other issuer. `typ` is a media type, so that its case and the prefix
 * `application/` mean nothing; it is returned as `JWT` or `at+jwt`.
 *
 * @throws {@link InvalidTokenError}
 * @see RFC 7515 §4.1.9, RFC 9068 §4
 */
export function parseForeignHeader(header: Header): TokenHeader {
  assertNoMember(header, FORBIDDEN)
  const algorithm = readAlgorithm(header)
  const { kid, typ } = header
  if (kid !== undefined && (typeof kid !== 'string' || kid === ''))
    throw new InvalidTokenError('kid must be a non-empty string')
  const type = typeof typ === 'string' ? findForeignType(typ.toLowerCase()) : undefined
  if (typ !== undefined && type === undefined) throw new InvalidTokenError('unsupported typ')
  return { algorithm, keyId: kid, type, hasCriticalTiles: readCritical(header) }
}

function findForeignType(typ: string): string | undefined {
  return TYPES.find((type) =>
    [type, `application/${type}`].some((name) => name.toLowerCase() === typ),
  )
}

function assertNoMember(header: Header, names: readonly string[]): void {
  for (const name of names)
    if (Object.hasOwn(header, name))
      throw new InvalidTokenError(`header member ${name} is not allowed`)
}

function readAlgorithm({ alg }: Header): string {
  if (typeof alg !== 'string') throw new InvalidTokenError('alg must be a string')
  return alg
}

/** Tile claims are the only critical extension that we support. @see RFC 7515 §4.1.11 */
function readCritical(header: Header): boolean {
  if (!Object.hasOwn(header, 'crit')) return false
  const { crit, tiles } = header
  if (!Array.isArray(crit) || crit.length !== 1 || crit[0] !== 'tiles' || tiles !== true)
    throw new InvalidTokenError('unsupported critical extension')
  return true
}
