import type { Command } from 'commander'
import { MAX_NOTE_LENGTH } from '../admin/rules.ts'
import { MAX_API_SECONDS } from '../issuer/kinds.ts'
import { JWT_SCOPES } from '../issuer/scopes.ts'
import { TILE_FIELDS } from '../issuer/tile-claims.ts'
import { findSeconds } from '../settings/duration.ts'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Hint, type Surroundings } from './context.ts'
import { createFirstMapboxToken } from './mapbox-token-command.ts'
import { CommandError } from './output.ts'
import { describeMissingOwner } from './remedies.ts'
import { parseScopeOption } from './scope-option.ts'
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
  readonly issuer?: string
  readonly minzoom?: string
  readonly maxzoom?: string
}

/** Adds `token create`. */
export function addTokenCreateCommand(token: Command, surroundings: Surroundings): void {
  addDataCommand(token, 'create', {
    description: 'Create an API token and print it; it is shown only once',
    examples: [
      'token create --account demo --scope "tiles:read" --expires-in 24h',
      'token create --account demo --scope "tiles:read" --tilesets world --bbox 5.9,45.8,10.5,47.8 --maxzoom 12',
      'token create --account demo --scope "tokens:read tokens:write styles:tiles" --format mapbox',
    ],
  })
    .requiredOption('--account <name>', 'account that owns the token')
    .requiredOption(
      '--scope <scopes>',
      `scopes of the token, separated by single spaces: ${JWT_SCOPES.join(', ')}`,
    )
    .option(
      '--expires-in <duration>',
      'lifetime, with its unit: 90d, 12h, 30m or 45s (default: a year)',
    )
    .option('--format <format>', 'jwt, or mapbox for the Mapbox Tokens API', 'jwt')
    .option('--note <text>', 'what it is for', '')
    .option('--read-only', 'the token makes no other token and changes nothing')
    .option('--tilesets <names>', 'restrict the token to these tilesets, separated by commas')
    .option('--bbox <area>', 'only tiles in this area: west,south,east,north in degrees')
    .option('--minzoom <zoom>', 'only tiles of this zoom level and above')
    .option(
      '--issuer <url>',
      'iss and aud of tokens (TILEPASS_ISSUER), if no server has run on the data folder yet',
    )
    .option('--maxzoom <zoom>', 'only tiles of this zoom level and below')
    .action((options: CreateOptions) => createToken(options, surroundings))
}

async function createToken(options: CreateOptions, surroundings: Surroundings): Promise<void> {
  if (options.format !== 'jwt' && options.format !== 'mapbox')
    throw new CommandError(`--format must be "jwt" or "mapbox" (given: "${options.format}").`, 2)
  if (options.note.length > MAX_NOTE_LENGTH)
    throw new CommandError(
      `--note must be at most ${MAX_NOTE_LENGTH} characters long (given: ${options.note.length}).`,
      2,
    )
  if (options.format === 'mapbox') {
    const given = TILE_FIELDS.find((name) => options[name] !== undefined)
    if (given !== undefined) throw new CommandError(`--${given} requires --format jwt.`, 2)
    if (options.readOnly) throw new CommandError('--read-only requires --format jwt.', 2)
    return createFirstMapboxToken(options, surroundings)
  }
  const scopes = parseScopeOption(options.scope, JWT_SCOPES)
  const expiresInSeconds = parseLifetime(options.expiresIn)
  const tiles = parseTileOptions(options)

  const findRemedies = (hint: Hint) => ({ not_found: describeMissingOwner(options.account, hint) })
  await administer(
    surroundings,
    options,
    { mayCreate: true, findRemedies },
    async ({ admin, output }) => {
      const { account, note, readOnly: isReadOnly = false } = options
      const request = { account, scopes, expiresInSeconds, note, isReadOnly, tiles }
      const { id, token, expiresAt } = await admin.createToken(request)
      output.result({ id, token, expires_at: new Date(expiresAt).toISOString() }, token)
    },
  )
}

function parseLifetime(given: string | undefined): number | undefined {
  if (given === undefined) return
  const seconds = findSeconds(given)
  if (seconds === undefined || seconds < 1 || seconds > MAX_API_SECONDS)
    throw new CommandError(
      `--expires-in must be a duration with its unit, such as 90d, 12h, 30m or 45s, from 1s to ${MAX_API_SECONDS / 86_400}d (given: "${given}").`,
      2,
    )
  return seconds
}
