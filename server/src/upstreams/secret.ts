import { statSync } from 'node:fs'
import { UpstreamRefusedError } from './errors.ts'
import { isSecretIn } from './secret-echo.ts'
import {
  describeSource,
  findSecretIn,
  readSecretFile,
  type SecretFunction,
  type SecretSource,
  type SecretSurroundings,
} from './secret-source.ts'
import { withinTime } from './within-time.ts'

/** A secret that may be replaced at any time. */
export interface Secret {
  /**
   * The current secret; its source is read at most once a second. When the source gives nothing usable,
   * the last secret stays: a file is empty or missing for a moment while it is replaced.
   *
   * @throws {@link UpstreamRefusedError} if the source never gave a usable secret.
   */
  read(): Promise<string>
  /** Reads a file that has changed, at most once a second; other sources are not read. Nearly free. */
  look(): void
  /** Reads the source even if it was read within the last second. */
  reload(): Promise<void>
  /** Does a text contain the current secret or the one before, plain or encoded? */
  isIn(text: string): boolean
  /** Counts the secrets that the source has given so far. */
  readonly version: number
}

const CHECK_INTERVAL = 1_000
/** A function that takes longer counts as one that gives nothing; ms. */
const FUNCTION_TIMEOUT = 3_000

/** Creates the reader of one secret. */
export function createSecret(source: SecretSource, { env, now }: SecretSurroundings): Secret {
  let value: string | undefined
  let previous: string | undefined
  let version = 0
  let checkedAt = Number.NEGATIVE_INFINITY
  let stamp: string | undefined

  const keep = (found: string | undefined) => {
    if (found === undefined || found === value) return
    previous = value
    value = found
    version += 1
  }

  const isRecent = () => {
    const at = now()
    if (Math.abs(at - checkedAt) < CHECK_INTERVAL) return true
    checkedAt = at
    return false
  }

  const readFile = (file: string, isForced: boolean) => {
    const current = findFileStamp(file)
    if (!isForced && current === stamp) return
    stamp = current
    keep(findSecretIn(readSecretFile(file)))
  }

  const read = async (isForced: boolean) => {
    if (isRecent() && !isForced && value !== undefined) return
    if (typeof source === 'function') keep(findSecretIn(await call(source)))
    else if ('env' in source) keep(findSecretIn(env[source.env]))
    else readFile(source.file, isForced)
  }

  return {
    read: async () => {
      await read(false)
      if (value === undefined)
        throw new UpstreamRefusedError(`no usable secret in ${describeSource(source)}`)
      return value
    },
    look: () => {
      if (typeof source === 'object' && 'file' in source && !isRecent())
        readFile(source.file, false)
    },
    reload: () => read(true),
    isIn: (text) =>
      [value, previous].some((secret) => secret !== undefined && isSecretIn(text, secret)),
    get version() {
      return version
    },
  }
}

/**
 * Reads a secret that is sent in a header.
 *
 * @throws {@link UpstreamRefusedError} if a header cannot carry it.
 */
export async function readHeaderSecret(secret: Secret): Promise<string> {
  const value = await secret.read()
  if (!/^[\x21-\x7e]+$/.test(value))
    throw new UpstreamRefusedError('secret is not visible ASCII, which a header requires')
  return value
}

/** What the function throws is dropped: it may quote the secret. */
async function call(source: SecretFunction): Promise<unknown> {
  try {
    return await withinTime(source(), FUNCTION_TIMEOUT, () => undefined)
  } catch {
    return
  }
}

/** Differs whenever the content of a file may differ, also for a link that now leads elsewhere. */
function findFileStamp(file: string): string | undefined {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file)
    return [ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    return
  }
}
