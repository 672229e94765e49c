import { TooManySecretKeysError } from '../admin/errors.ts'
import { toSecretKeyJson } from '../admin/json.ts'
import type { SecretKeySummary } from '../issuer/secret-key-rotation.ts'
import { SECRET_KEYS, type SecretPurpose } from '../issuer/secret-keys.ts'
import { administer } from './administer.ts'
import { type ConfirmOptions, confirm } from './confirm.ts'
import type { DataOptions, Hint, Surroundings } from './context.ts'
import { CommandError, formatTable, formatTime } from './output.ts'

/** The names of the secret keys, for help and errors. */
export const PURPOSES = Object.keys(SECRET_KEYS).join(', ')

/** Lists the secret keys of a name. */
export function listSecrets(
  purpose: SecretPurpose,
  options: DataOptions,
  surroundings: Surroundings,
): Promise<void> {
  return administer(surroundings, options, {}, async ({ admin, output }) => {
    const keys = await admin.listSecrets(purpose)
    const rows = keys.map(({ id, created_at, replaced_at, ends_at }) => [
      id,
      replaced_at === null ? 'signing' : 'retired',
      formatTime(created_at),
      formatOptionalTime(replaced_at),
      formatOptionalTime(ends_at),
    ])
    const columns = ['KEY', 'STATE', 'CREATED', 'REPLACED', 'ENDS']
    output.result(keys.map(toSecretKeyJson), formatTable(columns, rows, 'No keys yet.'))
  })
}

/** Adds a secret key, which signs at once. */
export function rotateSecret(
  purpose: SecretPurpose,
  options: DataOptions,
  surroundings: Surroundings,
): Promise<void> {
  return administer(surroundings, options, {}, async ({ admin, output, hint }) => {
    try {
      const retired = await admin.rotateSecret(purpose)
      const text = `Added a key for ${SECRET_KEYS[purpose]}. It signs from now on.`
      const old = retired ? ` ${describeEnd(retired, hint)}` : ''
      output.result({ name: purpose, rotated: true }, text + old)
    } catch (error) {
      if (!(error instanceof TooManySecretKeysError)) throw error
      throw new CommandError(describeTooMany(purpose, error.oldest, hint))
    }
  })
}

/** Revokes every secret key of a name. */
export async function revokeSecrets(
  purpose: SecretPurpose,
  options: DataOptions & ConfirmOptions,
  surroundings: Surroundings,
): Promise<void> {
  const signs = SECRET_KEYS[purpose]
  await confirm(surroundings, options, `All ${signs} will end.`)
  await administer(surroundings, options, {}, async ({ admin, output }) => {
    await admin.revokeSecrets(purpose)
    const text = `Revoked the keys of ${purpose}. All ${signs} have ended: running servers refuse them within a second.`
    output.result({ name: purpose, revoked: true }, text)
  })
}

/** Revokes one secret key. */
export async function revokeSecret(
  id: string,
  options: DataOptions & ConfirmOptions,
  surroundings: Surroundings,
): Promise<void> {
  await confirm(surroundings, options, `Everything that ${id} has signed will end.`)
  const findRemedies = (hint: Hint) => ({
    not_found: `There is no key "${id}". "${hint('key list NAME')}" shows the secret keys of a name: ${PURPOSES}.`,
  })
  await administer(surroundings, options, { findRemedies }, async ({ admin, output }) => {
    await admin.revokeSecret(id)
    const text = `Revoked ${id}. Everything that it has signed has ended: running servers refuse it within a second.`
    output.result({ id, revoked: true }, text)
  })
}

function describeEnd({ id, ends_at: endsAt }: SecretKeySummary, hint: Hint): string {
  return endsAt === null
    ? `${id} still verifies, until you revoke it with: ${hint('key revoke', id)}`
    : `${id} still verifies until ${formatTime(endsAt)} UTC, when what it signed has expired.`
}

function describeTooMany(
  purpose: SecretPurpose,
  { id, ends_at: endsAt }: SecretKeySummary,
  hint: Hint,
): string {
  const revoke = `To rotate now, revoke the oldest, which ends what it signed: ${hint('key revoke', id)}`
  return [
    `There are too many keys for ${SECRET_KEYS[purpose]}.`,
    ...(endsAt === null
      ? []
      : [`${id} ends at ${formatTime(endsAt)} UTC; rotate again after that.`]),
    revoke,
  ].join(' ')
}

function formatOptionalTime(epochMs: number | null): string {
  return epochMs === null ? '-' : formatTime(epochMs)
}
