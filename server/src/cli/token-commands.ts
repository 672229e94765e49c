import type { Command } from 'commander'
import { createApiToken } from '../issuer/api-tokens.ts'
import { MAX_API_SECONDS } from '../issuer/kinds.ts'
import { createMint } from '../issuer/mint.ts'
import { findScopes } from '../issuer/scopes.ts'
import { loadSigningKeys } from '../issuer/signing-keys.ts'
import { findAccount } from '../store/accounts.ts'
import { type ApiToken, listApiTokens, NEVER, revokeApiToken } from '../store/api-tokens.ts'
import { readScopes } from '../store/mapbox-tokens.ts'
import { settleCommandIssuer } from './command-issuer.ts'
import { addDataOptions, type DataOptions, type Surroundings, withStore } from './context.ts'
import { createFirstMapboxToken } from './mapbox-token-command.ts'
import { CommandError, formatTable, formatTime } from './output.ts'

const DEFAULT_LIFETIME_SECONDS = 365 * 86_400
const MAX_NOTE_LENGTH = 128

interface CreateOptions extends DataOptions {
  readonly account: string
  readonly scope: string
  readonly expiresIn?: string
  readonly format: string
  readonly note: string
}

/** Adds `token create`, `token list` and `token revoke`. */
export function addTokenCommands(program: Command, surroundings: Surroundings): void {
  const token = program.command('token').description('API tokens: long-lived, for servers')

  addDataOptions(token.command('create'))
    .description('Create an API token and print it, once and alone')
    .requiredOption('--account <name>', 'account that owns it')
    .requiredOption('--scope <scopes>', 'what it permits, separated by single spaces')
    .option(
      '--expires-in <seconds>',
      `lifetime in seconds, up to ${MAX_API_SECONDS} (default: a year)`,
    )
    .option('--format <format>', 'jwt, or mapbox for the Mapbox Tokens API', 'jwt')
    .option('--note <text>', 'what it is for', '')
    .addHelpText(
      'after',
      '\nExample:\n  tilepass token create --account demo --scope "tiles:read" --expires-in 86400' +
        '\n  tilepass token create --account demo --scope "tokens:read tokens:write styles:tiles" --format mapbox',
    )
    .action((options: CreateOptions) => createToken(options, surroundings))

  addDataOptions(token.command('list'))
    .description('List API tokens, the newest first; never their strings')
    .addHelpText('after', '\nExample:\n  tilepass token list --json')
    .action((options: DataOptions) =>
      withStore(surroundings, options, false, async (store, output) => {
        const tokens = await listApiTokens(store)
        output.result(tokens.map(toWire), toTable(tokens, surroundings.now()))
      }),
    )

  addDataOptions(token.command('revoke'))
    .description('Revoke an API token; running servers refuse it within a second')
    .argument('<id>', 'id as "token list" shows it')
    .addHelpText(
      'after',
      '\nExample:\n  tilepass token revoke tok_0123456789abcdef0123456789abcdef',
    )
    .action((id: string, options: DataOptions) =>
      withStore(surroundings, options, false, async (store, output) => {
        if (!(await revokeApiToken(store, id, surroundings.now())))
          throw new CommandError(
            'There is no API token of that id; "tilepass token list" shows the ids.',
          )
        output.result({ id, revoked: true }, `Revoked ${id}.`)
      }),
    )
}

async function createToken(options: CreateOptions, surroundings: Surroundings): Promise<void> {
  const { now, env } = surroundings
  if (options.format !== 'jwt' && options.format !== 'mapbox')
    throw new CommandError(`--format must be "jwt" or "mapbox" (given: "${options.format}").`, 2)
  const scopes = findScopes(options.scope)
  if (!scopes)
    throw new CommandError(
      `--scope must be scopes separated by single spaces (given: "${options.scope}").`,
      2,
    )
  if (options.note.length > MAX_NOTE_LENGTH)
    throw new CommandError(`--note must not be longer than ${MAX_NOTE_LENGTH} characters.`, 2)
  if (options.format === 'mapbox') return createFirstMapboxToken(options, surroundings)
  const expiresInSeconds = parseLifetime(options.expiresIn)

  await withStore(surroundings, options, true, async (store, output) => {
    const account = await findAccount(store, options.account)
    if (!account)
      throw new CommandError(
        `There is no account "${options.account}". Create it with: tilepass account create ${options.account}`,
      )
    const issuer = await settleCommandIssuer(store, env)
    const mint = createMint(await loadSigningKeys(store, now()), issuer)
    const request = { account, scopes, expiresInSeconds, note: options.note }
    const { id, token, expiresAt } = await createApiToken(store, mint, request, now())
    output.result({ id, token, expires_at: new Date(expiresAt).toISOString() }, token)
  })
}

function parseLifetime(given: string | undefined): number {
  if (given === undefined) return DEFAULT_LIFETIME_SECONDS
  const seconds = /^\d{1,10}$/.test(given) ? Number(given) : 0
  if (seconds < 1 || seconds > MAX_API_SECONDS)
    throw new CommandError(
      `--expires-in must be a whole number of seconds from 1 to ${MAX_API_SECONDS} (given: "${given}").`,
      2,
    )
  return seconds
}

function toWire(token: ApiToken) {
  const toIso = (epochMs: number | null) =>
    epochMs === null ? null : new Date(epochMs).toISOString()
  return {
    id: token.id,
    account: token.account,
    format: token.format,
    note: token.note,
    scopes: readScopes(token),
    created: toIso(token.created_at),
    modified: toIso(token.modified_at),
    expires: token.expires_at === NEVER ? null : toIso(token.expires_at),
    revoked: toIso(token.revoked_at),
  }
}

function toTable(tokens: readonly ApiToken[], now: number): string {
  const rows = tokens.map((token) => {
    const state =
      token.revoked_at !== null ? 'revoked' : token.expires_at <= now ? 'expired' : 'active'
    const expires = token.expires_at === NEVER ? 'never' : formatTime(token.expires_at)
    return [token.id, token.account, state, token.scopes, expires, token.note]
  })
  return formatTable(
    ['ID', 'ACCOUNT', 'STATE', 'SCOPES', 'EXPIRES', 'NOTE'],
    rows,
    'No API tokens yet.',
  )
}
