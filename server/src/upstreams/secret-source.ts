import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { isRecord } from '@tilepass/guard/broker'
import { z } from 'zod'

/** Gives a secret within 3 s; called before a request for a token, at most once a second. */
export type SecretFunction = () => string | Promise<string>

/** Where a long-lived credential is kept; the configuration never contains the credential itself. */
export const secretSchema = z.union(
  [
    z.strictObject({
      env: z
        .string()
        .regex(/^[A-Za-z_]\w{0,63}$/, {
          error:
            'must be the name of an environment variable: 1 to 64 letters, digits and "_", not starting with a digit',
        })
        .describe('Name of an environment variable.'),
    }),
    z.strictObject({
      file: z
        .string()
        .min(1)
        .describe('A file that contains only the secret; relative to the configuration file.'),
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

/** What sources are read with. */
export interface SecretSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Epoch ms. */
  readonly now: () => number
}

/** Is there a secret now? True for every function: a function may not be ready when the broker starts. */
export function hasSecret(source: SecretSource, env: SecretSurroundings['env']): boolean {
  if (typeof source === 'function') return true
  const text = 'env' in source ? env[source.env] : readSecretFile(source.file)
  return findSecretIn(text) !== undefined
}

/** A name as variables have it: words in capitals, joined by "_". No secret looks like that. */
const VARIABLE_NAME = /^[A-Z]{1,20}(?:_[A-Z0-9]{1,20}){1,5}$/

/**
 * A source in a message. Its name is left out unless it is plainly one: it may be the secret itself,
 * written in the wrong place.
 */
export function describeSource(source: SecretSource): string {
  if (typeof source === 'function') return 'a function'
  if (!('env' in source)) return 'a file'
  return VARIABLE_NAME.test(source.env)
    ? `the environment variable ${source.env}`
    : 'an environment variable'
}

const MAX_LENGTH = 8192

/** The secret in what a source gave, without the line end of a text file; `undefined` if it has none. */
export function findSecretIn(text: unknown): string | undefined {
  if (typeof text !== 'string') return
  const secret = text.replace(/\r?\n$/, '')
  // A second line, or a control character, would end up in a header.
  return secret !== '' && secret.length <= MAX_LENGTH && !/\p{Cc}/u.test(secret)
    ? secret
    : undefined
}

/** Synchronous: the file is short, and the request cannot continue without it. */
export function readSecretFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return
  }
}

/** The source with the path of its file made absolute; other values are returned as they are. */
export function resolveSecretFile(source: unknown, toAbsolute: (path: string) => string): unknown {
  if (!isRecord(source)) return source
  const { file } = source
  return typeof file === 'string' && file !== '' && !isAbsolute(file)
    ? { ...source, file: toAbsolute(file) }
    : source
}
