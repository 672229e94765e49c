import { describeSource, hasSecret, type SecretSurroundings, secretSchema } from './secret.ts'
import { upstreamSchema } from './settings.ts'

/** Settings that lead to a secret, of whatever kind. */
const FIELDS = ['token', 'apiKey', 'username', 'password', 'clientSecret', 'subjectToken']

/**
 * Finds the secrets that are not there, of every upstream that has no fault in itself: each with its
 * field and rule.
 *
 * @param upstreams What is configured; may be anything.
 */
export function findMissingSecrets(
  upstreams: unknown,
  env: SecretSurroundings['env'],
): readonly string[] {
  const entries =
    typeof upstreams === 'object' && upstreams !== null ? Object.entries(upstreams) : []
  return entries.flatMap(([name, input]) => {
    const { data: settings } = upstreamSchema.safeParse(input)
    if (settings === undefined || typeof settings === 'function') return []
    return FIELDS.flatMap((field) => {
      // A user name may also be itself.
      const { data: source } = secretSchema.safeParse(Reflect.get(settings, field))
      return source === undefined || hasSecret(source, env)
        ? []
        : [
            `upstreams.${name}.${field}: must lead to a secret of one line, which is not there (given: ${describeSource(source)})`,
          ]
    })
  })
}
