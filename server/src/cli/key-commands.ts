import type { Command } from 'commander'
import { toKeyJson } from '../admin/json.ts'
import type { KeyRevocation } from '../issuer/key-revocation.ts'
import { KEY_SET_MAX_AGE_SECONDS } from '../issuer/key-schedule.ts'
import { isSecretPurpose, type SecretPurpose } from '../issuer/secret-keys.ts'
import { type AdministerContext, administer } from './administer.ts'
import { addConfirmOption, type ConfirmOptions, confirm } from './confirm.ts'
import { addDataCommand, type DataOptions, type Hint, type Surroundings } from './context.ts'
import { CommandError, formatTable, formatTime } from './output.ts'
import {
  listSecrets,
  PURPOSES,
  revokeSecret,
  revokeSecrets,
  rotateSecret,
} from './secret-key-commands.ts'

/** Adds `key list`, `key rotate` and `key revoke`. */
export function addKeyCommands(program: Command, surroundings: Surroundings): void {
  const key = program.command('key').description('Manage the keys that sign tokens')

  addDataCommand(key, 'list', {
    description: 'List signing keys without their secrets, the newest first',
    examples: ['key list --json', 'key list mapbox'],
  })
    .argument(
      '[name]',
      `instead, list the keys of this name, which only this broker verifies: ${PURPOSES}`,
    )
    .action((name: string | undefined, options: DataOptions) =>
      name === undefined
        ? listSigning(options, surroundings)
        : listSecrets(parsePurpose(name), options, surroundings),
    )

  addDataCommand(key, 'rotate', {
    description:
      'Add a signing key. It signs in an hour, when every verifier knows it; the old key verifies until its last token expires',
    examples: ['key rotate', 'key rotate mapbox'],
  })
    .argument('[name]', `instead, add a key of this name, which signs at once: ${PURPOSES}`)
    .action((name: string | undefined, options: DataOptions) => {
      if (name !== undefined) return rotateSecret(parsePurpose(name), options, surroundings)
      const findRemedies = (hint: Hint) => ({
        conflict: `There are too many signing keys. Rotate again later: an old key is removed when the last token that it signed has expired. Or revoke one with: ${hint('key revoke KID')}`,
      })
      return administer(surroundings, options, { findRemedies }, async ({ admin, output }) => {
        const added = await admin.rotateKeys()
        const from = formatTime(added.signs_from)
        output.result(toKeyJson(added), `Added ${added.kid}, which signs from ${from} UTC.`)
      })
    })

  const revoke = addDataCommand(key, 'revoke', {
    description:
      'Revoke a leaked key: every token that it signed ends, and another key signs at once',
    examples: [
      'key revoke 9fLh3dKpTz',
      'key revoke mapbox.1f0c3a5e7b9d2846',
      'key revoke mapbox --yes',
    ],
  }).argument('<kid>', `as shown by "key list", or all keys of a name: ${PURPOSES}`)
  // The id of an older key may begin with a dash.
  revoke.allowUnknownOption()
  addConfirmOption(revoke).action((kid: string, options: DataOptions & ConfirmOptions) => {
    if (isSecretPurpose(kid)) return revokeSecrets(kid, options, surroundings)
    return kid.includes('.')
      ? revokeSecret(kid, options, surroundings)
      : revokeSigningKey(kid, options, surroundings)
  })
}

function listSigning(options: DataOptions, surroundings: Surroundings): Promise<void> {
  return administer(surroundings, options, {}, async ({ admin, output }) => {
    const keys = await admin.listKeys()
    const rows = keys.map(({ kid, algorithm, state, created_at, signs_from }) => [
      kid,
      algorithm,
      state,
      formatTime(created_at),
      formatTime(signs_from),
    ])
    const columns = ['KID', 'ALGORITHM', 'STATE', 'CREATED', 'SIGNS FROM']
    output.result(keys.map(toKeyJson), formatTable(columns, rows, 'No keys yet.'))
  })
}

function parsePurpose(name: string): SecretPurpose {
  if (isSecretPurpose(name)) return name
  throw new CommandError(
    `The name of a secret key must be one of ${PURPOSES} (given: "${name}"). Without a name, the command is about the keys of access tokens.`,
    2,
  )
}

async function revokeSigningKey(
  kid: string,
  options: DataOptions & ConfirmOptions,
  surroundings: Surroundings,
): Promise<void> {
  await confirm(surroundings, options, `Every token that ${kid} has signed will end.`)
  const findRemedies = (hint: Hint) => ({
    not_found: `There is no key "${kid}". "${hint('key list')}" shows the ids of the signing keys; the others are ${PURPOSES}.`,
  })
  await administer(surroundings, options, { findRemedies }, ({ admin, output, hint }) =>
    reportRevocation({ admin, output, hint }, kid),
  )
}

async function reportRevocation(
  { admin, output, hint }: Pick<AdministerContext, 'admin' | 'output' | 'hint'>,
  kid: string,
): Promise<void> {
  const revoked = await admin.revokeKey(kid)
  const { successor, apiTokens } = revoked
  output.result(
    {
      kid,
      revoked: true,
      signing_key: successor?.kid ?? null,
      api_tokens: apiTokens,
    },
    describeRevocation(revoked, hint),
  )
}

function describeRevocation({ kid, successor, apiTokens }: KeyRevocation, hint: Hint): string {
  const hour = KEY_SET_MAX_AGE_SECONDS / 60
  return [
    `Revoked ${kid}.`,
    ...(successor ? [`${successor.kid} signs from now on.`] : []),
    `Ended: ${apiTokens} API ${apiTokens === 1 ? 'token' : 'tokens'}, and every access token, session and download token that the key signed. Refresh tokens stay.`,
    `When: in this broker within a second; at guards with "revocable" within 6 s; at other guards within 10 min; at other verifiers once they fetch the key set again, which they may keep for ${hour} min.`,
    ...(apiTokens > 0 ? [`Create new API tokens with: ${hint('token create')}`] : []),
  ].join('\n')
}
