import { existsSync } from 'node:fs'
import { ConfigError } from '../settings/config-error.ts'
import { findSealingKeys, SEALING_KEY_RULE, type SealingKey } from '../store/sealing-key.ts'
import {
  describeSource,
  readSecretFile,
  type SecretSource,
  type SecretSurroundings,
} from '../upstreams/secret-source.ts'

/** The variables that the command line reads, in place of `secretKey` of the configuration file. */
const [VALUE, FILE] = ['TILEPASS_SECRET_KEY', 'TILEPASS_SECRET_KEY_FILE'] as const

/**
 * The source that the environment names for `secretKey`: its value stays in the environment or the file.
 *
 * @returns `undefined` if the environment names none.
 * @throws {@link ConfigError} if it names two.
 */
export function findSecretKeySource(
  env: SecretSurroundings['env'],
): { readonly env: string } | { readonly file: string } | undefined {
  const { [VALUE]: value = '', [FILE]: file = '' } = env
  if (value !== '' && file !== '')
    throw new ConfigError([
      `secretKey: must come from ${VALUE} or from ${FILE}, not from both (given: both)`,
    ])
  if (value !== '') return { env: VALUE }
  return file === '' ? undefined : { file }
}

/**
 * Reads the keys that seal the store: the first one seals, all of them open.
 *
 * @param source `secretKey` of the configuration; without it there are no keys.
 * @throws {@link ConfigError} if the source gives no keys. It never quotes what the source gives.
 */
export async function readSealingKeys(
  source: SecretSource | undefined,
  env: SecretSurroundings['env'],
): Promise<readonly SealingKey[]> {
  if (source === undefined) return []
  const text = await readSource(source, env)
  const keys = text === undefined ? undefined : findSealingKeys(text)
  if (keys) return keys
  const given = text === undefined ? 'nothing' : 'something else, not shown'
  throw new ConfigError([
    `secretKey: ${SEALING_KEY_RULE} (given in ${describePlace(source, env)}: ${given})`,
  ])
}

/** Where the operator looks. The path of a file that there is none of may be the key, in the wrong place. */
function describePlace(source: SecretSource, env: SecretSurroundings['env']): string {
  if (typeof source === 'function' || 'env' in source) return describeSource(source)
  const { file } = source
  const name = `the file of ${env[FILE] === file ? FILE : '"secretKey"'}`
  return existsSync(file)
    ? `${name}, ${file}`
    : `${name}, which does not exist or cannot be reached`
}

/** What a function throws is dropped: it may quote the key. */
async function readSource(
  source: SecretSource,
  env: SecretSurroundings['env'],
): Promise<string | undefined> {
  if (typeof source !== 'function')
    return ('env' in source ? env[source.env] : readSecretFile(source.file)) || undefined
  try {
    const text: unknown = await source()
    return typeof text === 'string' && text !== '' ? text : undefined
  } catch {
    return
  }
}
