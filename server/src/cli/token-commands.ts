import type { Command } from 'commander'
import type { UsedToken } from '../admin/administration.ts'
import { DEFAULT_API_SECONDS, MAX_NOTE_LENGTH } from '../admin/rules.ts'
import { toTokenWire } from '../admin/wire.ts'
import { MAX_API_SECONDS } from '../issuer/kinds.ts'
import { findJwtScopes, JWT_SCOPES } from '../issuer/scopes.ts'
import { TILE_FIELDS } from '../issuer/tiles.ts'
import { NEVER } from '../store/api-tokens.ts'
import { administer } from './administer.ts'
import { addDataOptions, type DataOptions, type Surroundings } from './context.ts'
import { createFirstMapboxToken } from './mapbox-token-command.ts'
import { CommandError, formatTable, formatTime } from './output.ts'
import { parseTileOptions } from './tile-options.ts'

interface CreateOptions extends DataOptions {
  readonly account: string
  readonly scope: string
  readonly expiresIn?: string
  readonly format: string
  readonly note: string
  readonly readOnly?: boolean
  readonly tilesets?: string
  readonly bbox?: string
  readonly minzoom?: string
  readonly maxzoom?: string
}

const unknownToken = 'There is no API token of that id; "tilepass token list" shows the ids.'

/** Adds `token create`, `token list`, `token revoke` and `token expire`. */
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
    .option('--read-only', 'for looking only: as an API key it makes no download tokens')
    .option('--tilesets <names>', 'only these tilesets, separated by commas')
    .option('--bbox <area>', 'only tiles in this area: west,south,east,north in degrees')
    .option('--minzoom <zoom>', 'only tiles of this zoom and deeper ones')
    .option('--maxzoom <zoom>', 'only tiles of this zoom and lower ones')
    .addHelpText(
      'after',
      '\nExample:\n  tilepass token create --account demo --scope "tiles:read" --expires-in 86400' +
        '\n  tilepass token create --account demo --scope "tiles:read" --tilesets world --bbox 5.9,45.8,10.5,47.8 --maxzoom 12' +
        '\n  tilepass token create --account demo --scope "tokens:read tokens:write styles:tiles" --format mapbox',
    )
    .action((options: CreateOptions) => createToken(options, surroundings))

  addDataOptions(token.command('list'))
    .description('List API tokens, the newest first; never their strings')
    .addHelpText('after', '\nExample:\n  tilepass token list --json')
    .action((options: DataOptions) =>
      administer(surroundings, options, {}, async (admin, output) => {
        const tokens = await admin.listTokens()
        output.result(tokens.map(toTokenWire), toTable(tokens, surroundings.now()))
      }),
    )

  addDataOptions(token.command('revoke'))
    .description('Revoke an API token; running servers refuse it within a second')
    .argument('<id>', 'id as "token list" shows it')
    .addHelpText(
      'after',
      '\nExample:\n  tilepass token revoke tok_0123456789abcdef0123456789abcdef',
    )
    .action((id: string, options: DataOptions) => {
      const remedies = { not_found: unknownToken }
      return administer(surroundings, options, { remedies }, async (admin, output) => {
        await admin.revokeToken(id)
        output.result({ id, revoked: true }, `Revoked ${id}.`)
      })
    })

  addDataOptions(token.command('expire'))
    .description('End every access token exchanged for it so far; the API token stays good')
    .argument('<id>', 'id as "token list" shows it')
    .addHelpText(
      'after',
      '\nExample:\n  tilepass token expire tok_0123456789abcdef0123456789abcdef',
    )
    .action((id: string, options: DataOptions) => {
      const remedies = { not_found: unknownToken }
      return administer(surroundings, options, { remedies }, async (admin, output) => {
        await admin.expireToken(id)
        output.result({ id, expired: true }, `Expired what was exchanged for ${id}.`)
      })
    })
}

async function createToken(options: CreateOptions, surroundings: Surroundings): Promise<void> {
  if (options.format !== 'jwt' && options.format !== 'mapbox')
    throw new CommandError(`--format must be "jwt" or "mapbox" (given: "${options.format}").`, 2)
  if (options.note.length > MAX_NOTE_LENGTH)
    throw new CommandError(`--note must not be longer than ${MAX_NOTE_LENGTH} characters.`, 2)
  if (options.format === 'mapbox') {
    const given = TILE_FIELDS.find((name) => options[name] !== undefined)
    if (given !== undefined) throw new CommandError(`--${given} is for tokens of --format jwt.`, 2)
    if (options.readOnly) throw new CommandError('--read-only is for tokens of --format jwt.', 2)
    return createFirstMapboxToken(options, surroundings)
  }
  const scopes = findJwtScopes(options.scope)
  if (!scopes)
    throw new CommandError(
      `--scope must be scopes separated by single spaces (given: "${options.scope}"). They are: ${JWT_SCOPES.join(' ')}.`,
      2,
    )
  const expiresInSeconds = parseLifetime(options.expiresIn)
  const tiles = parseTileOptions(options)

  const remedies = {
    not_found: `There is no account "${options.account}". Create it with: tilepass account create ${options.account}`,
    conflict: `The account "${options.account}" is disabled, for good. Create another one with: tilepass account create NAME`,
  }
  await administer(surroundings, options, { isNew: true, remedies }, async (admin, output) => {
    const { account, note, readOnly: isReadOnly = false } = options
    const order = { account, scopes, expiresInSeconds, note, isReadOnly, tiles }
    const { id, token, expiresAt } = await admin.createToken(order)
    output.result({ id, token, expires_at: new Date(expiresAt).toISOString() }, token)
  })
}

function parseLifetime(given: string | undefined): number {
  if (given === undefined) return DEFAULT_API_SECONDS
  const seconds = /^\d{1,10}$/.test(given) ? Number(given) : 0
  if (seconds < 1 || seconds > MAX_API_SECONDS)
    throw new CommandError(
      `--expires-in must be a whole number of seconds from 1 to ${MAX_API_SECONDS} (given: "${given}").`,
      2,
    )
  return seconds
}

function toTable(tokens: readonly UsedToken[], now: number): string {
  const rows = tokens.map((token) => {
    const { revoked_at, expires_at, last_used_at, usedToday, usedTotal } = token
    const state = revoked_at !== null ? 'revoked' : expires_at <= now ? 'expired' : 'active'
    const expires = expires_at === NEVER ? 'never' : formatTime(expires_at)
    const lastUsed = last_used_at === null ? 'never' : formatTime(last_used_at)
    const uses = `${usedToday}/${usedTotal}`
    return [token.id, token.account, state, token.scopes, expires, lastUsed, uses, token.note]
  })
  return formatTable(
    ['ID', 'ACCOUNT', 'STATE', 'SCOPES', 'EXPIRES', 'LAST USED', 'USES TODAY/ALL', 'NOTE'],
    rows,
    'No API tokens yet.',
  )
}
