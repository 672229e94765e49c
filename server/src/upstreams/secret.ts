import { readFileSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { UpstreamRefusedError } from './errors.ts'

/** Gives a secret within 3 s; asked before an exchange, once a second at most. */
export type SecretFunction = () => string | Promise<string>

/** Where a long-lived credential comes from: never from the configuration itself. */
export const secretSchema = z.union(
  [
    z.strictObject({
      /** Name of an environment variable. */
      env: z.string().regex(/^[A-Za-z_]\w{0,63}$/, {
        error: 'must be the name of a variable: 1 to 64 letters, digits and "_"',
      }),
    }),
    z.strictObject({
      /** A file that holds the secret and nothing else; in a configuration file, relative to it. */
      file: z.string().min(1),
    }),
    z.custom<SecretFunction>((value) => typeof value === 'function'),
  ],
  {
    error:
      'must be { "env": "NAME" }, { "file": "path" } or, in code, a function; never the secret itself',
  },
)

/** A secret's source as it is configured. */
export type SecretSource = z.output<typeof secretSchema>

/** A secret that may be replaced at any time. */
export interface Secret {
  /**
   * The secret as it is now; its source is asked once a second at most.
   *
   * @throws {@link UpstreamRefusedError} if there is none, or nothing that could be one.
   */
  read(): Promise<string>
  /** Looks whether a file has changed, once a second at most; asks no function. Nearly free. */
  look(): void
  /** Looks at the source even if it was looked at just now. */
  reload(): Promise<void>
  /** Is the secret, as it is or as it was before, in a text, also encoded for a form, a URL or HTTP Basic? */
  isIn(text: string): boolean
  /** Changes when the secret does, as far as anyone has looked. */
  readonly version: number
}

/** Surroundings that secrets come from. */
export interface SecretSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Epoch ms. */
  readonly now: () => number
}

const CHECK_INTERVAL = 1_000
const MAX_LENGTH = 8192
/** A function that takes longer gives nothing: what was good before stays; ms. */
const FUNCTION_TIMEOUT = 3_000

/** Creates the reader of one secret. */
export function createSecret(source: SecretSource, { env, now }: SecretSurroundings): Secret {
  let value: string | undefined
  let previous: string | undefined
  let version = 0
  let checkedAt = Number.NEGATIVE_INFINITY
  let mark: string | undefined

  const keep = (found: string | undefined) => {
    // A file that is just being replaced is empty or gone for a moment: what was good stays.
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
    const seen = findMark(file)
    if (!isForced && seen === mark) return
    mark = seen
    keep(parseSecret(readSecretFile(file)))
  }

  const read = async (isForced: boolean) => {
    if (isRecent() && !isForced && value !== undefined) return
    if (typeof source === 'function') keep(parseSecret(await ask(source)))
    else if ('env' in source) keep(parseSecret(env[source.env]))
    else readFile(source.file, isForced)
  }

  return {
    read: async () => {
      await read(false)
      if (value === undefined)
        throw new UpstreamRefusedError(`has no secret in ${describeSource(source)}`)
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

/** A secret that is shorter may be part of anything: it counts only as the whole. */
const MIN_PART = 8

function isSecretIn(text: string, secret: string): boolean {
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  const forms = [secret, form, encodeURIComponent(secret)]
  if (secret.length < MIN_PART) return forms.includes(text)
  const plain = text.replaceAll('-', '+').replaceAll('_', '/')
  return forms.some(
    (found) =>
      text.includes(found) || encodeBase64(found).some((encoded) => plain.includes(encoded)),
  )
}

/** What a text looks like within base64, wherever in the encoded text it begins. */
function encodeBase64(text: string): readonly string[] {
  return [0, 2, 3].map((skipped, before) => {
    const bytes = Buffer.from('\0'.repeat(before) + text)
    return bytes.toString('base64').slice(skipped, Math.floor((bytes.length * 4) / 3))
  })
}

/** What a function throws may quote what it has asked for. */
async function ask(source: SecretFunction): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), FUNCTION_TIMEOUT)
  })
  try {
    return await Promise.race([source(), late])
  } catch {
    return
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Reads a secret that goes into a header.
 *
 * @throws {@link UpstreamRefusedError} if none can carry it.
 */
export async function readHeaderSecret(secret: Secret): Promise<string> {
  const value = await secret.read()
  if (!/^[\x21-\x7e]+$/.test(value))
    throw new UpstreamRefusedError('has a secret that is not visible ASCII')
  return value
}

/** Is there a secret now? A function is not asked: it may not be ready at the start. */
export function hasSecret(source: SecretSource, env: SecretSurroundings['env']): boolean {
  if (typeof source === 'function') return true
  const found = 'env' in source ? env[source.env] : readSecretFile(source.file)
  return parseSecret(found) !== undefined
}

/** Where a secret comes from, for people. Its name is not told: it may be the secret, misplaced. */
export function describeSource(source: SecretSource): string {
  if (typeof source === 'function') return 'a function'
  return 'env' in source ? 'a variable of the environment' : 'a file'
}

/** What a source gave, without the line end of a text file; `undefined` for what cannot be a secret. */
function parseSecret(text: unknown): string | undefined {
  if (typeof text !== 'string') return
  const secret = text.replace(/\r?\n$/, '')
  // A second line, or a control character, would end up in a header.
  return secret !== '' && secret.length <= MAX_LENGTH && !/\p{Cc}/u.test(secret)
    ? secret
    : undefined
}

// Synchronous: the file is a page long and the answer is needed before anything else can happen.
function readSecretFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return
  }
}

/** What tells one content of a file from another: also a link that leads elsewhere now. */
function findMark(file: string): string | undefined {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file)
    return [ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    return
  }
}

/** The source with its file relative to a folder. */
export function resolveSecretFile(source: unknown, resolve: (path: string) => string): unknown {
  const file: unknown =
    typeof source === 'object' && source !== null ? Reflect.get(source, 'file') : undefined
  return typeof file === 'string' && file !== '' && !isAbsolute(file)
    ? { ...Object(source), file: resolve(file) }
    : source
}
