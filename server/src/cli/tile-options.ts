import { checkTileClaims, type TileClaims } from '@tilepass/guard'
import { parseTileTexts, readTileTexts, type TileTexts } from '../issuer/tiles.ts'
import { CommandError } from './output.ts'

/**
 * Reads tile claims off the command line.
 *
 * @returns `undefined` if there are none.
 * @throws {@link CommandError} naming each option that cannot be, and its rule as it is written here.
 */
export function parseTileOptions(options: TileTexts): TileClaims | undefined {
  const { tilesets } = options
  if (tilesets?.split(',').some((name) => name !== name.trim()))
    throw new CommandError(
      `--tilesets must be names separated by commas, without spaces, as in a,b (given: "${tilesets}").`,
      2,
    )
  const claims = readTileTexts(options)
  const faults = claims === undefined ? [] : checkTileClaims(claims)
  if (faults.length === 0) return parseTileTexts(options)
  const messages = faults.map(({ member, rule }) => `--${member} ${toRule(member, rule, options)}`)
  throw new CommandError(`${messages.join('; ')}.`, 2)
}

/** The guard's rule in the words of the command line, where lists are separated by commas. */
function toRule(member: string, rule: string, { tilesets = '', bbox }: TileTexts): string {
  switch (member) {
    case 'tilesets': {
      const isNameEmpty = tilesets.split(',').includes('')
      const fault = isNameEmpty ? `; a name is empty (given: "${tilesets}")` : ''
      return `${rule}, separated by commas as in a,b${fault}`
    }
    case 'bbox':
      return `${rule.replace('[west, south, east, north]', 'west,south,east,north')} (given: "${bbox}")`
    default:
      return rule.replace('"maxzoom"', '--maxzoom')
  }
}
