import type { TileClaims } from '@tilepass/guard'
import { checkTileClaims } from '@tilepass/guard/broker'
import { parseTileTexts, readTileTexts, type TileTexts } from '../issuer/tile-claims.ts'
import { CommandError } from './output.ts'

/**
 * Parses the tile claims of the command line.
 *
 * @returns `undefined` if none is given.
 * @throws {@link CommandError} naming each invalid option and its rule.
 */
export function parseTileOptions(options: TileTexts): TileClaims | undefined {
  const { tilesets } = options
  if (tilesets?.split(',').some((name) => name !== name.trim()))
    throw new CommandError(
      `--tilesets must be names separated by commas without spaces, such as a,b (given: "${tilesets}").`,
      2,
    )
  const claims = readTileTexts(options)
  const faults = claims === undefined ? [] : checkTileClaims(claims)
  if (faults.length === 0) return parseTileTexts(options)
  const messages = faults.map(({ member, rule }) => `--${member} ${toRule(member, rule, options)}`)
  throw new CommandError(`${messages.join('; ')}.`, 2)
}

/** The rule of the guard in terms of the command line, where lists are separated by commas. */
function toRule(member: string, rule: string, { tilesets = '', bbox }: TileTexts): string {
  switch (member) {
    case 'tilesets': {
      const isNameEmpty = tilesets.split(',').includes('')
      const fault = isNameEmpty ? `; a name is empty (given: "${tilesets}")` : ''
      return `${rule}, separated by commas, such as a,b${fault}`
    }
    case 'bbox':
      return `${rule.replace('[west, south, east, north]', 'west,south,east,north')} (given: "${bbox}")`
    default:
      return rule.replace('"maxzoom"', '--maxzoom')
  }
}
