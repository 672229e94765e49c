import { describe, expect, test } from 'vitest'
import type { TileClaims } from '../../src/tiles/tile-claims.ts'
import { isTilePermitted, type TileResource } from '../../src/tiles/tile-permission.ts'

describe('what claims permit', () => {
  const tile = { kind: 'tile', tileset: 'a', z: 3, x: 4, y: 2 } as const
  test.each<[TileClaims, TileResource, boolean]>([
    [{ tilesets: ['a'] }, tile, true],
    [{ tilesets: ['A'] }, tile, false],
    [{ tilesets: ['a'] }, { ...tile, tileset: undefined }, false],
    [{ maxzoom: 2 }, tile, false],
    [{ minzoom: 4 }, tile, false],
    [{ maxzoom: 3, minzoom: 3 }, tile, true],
    [{ bbox: [1, 50, 2, 51] }, tile, true],
    [{ bbox: [-2, 50, -1, 51] }, tile, false],
    [{ maxzoom: 30 }, { ...tile, z: 31 }, false],
    [{ maxzoom: 30 }, { ...tile, x: 8 }, false],
    [{ tilesets: ['a'], maxzoom: 0 }, { kind: 'document', tileset: 'a' }, true],
    [{ tilesets: ['a'] }, { kind: 'document', tileset: 'b' }, false],
    [{ tilesets: ['a'] }, { kind: 'document', tileset: undefined }, true],
    [{ tilesets: ['a'] }, { kind: 'archive', tileset: 'a' }, true],
    [{ tilesets: ['a'] }, { kind: 'archive', tileset: 'b' }, false],
    [{ maxzoom: 30 }, { kind: 'archive', tileset: 'a' }, false],
    [{ minzoom: 0 }, { kind: 'archive', tileset: 'a' }, false],
    [{ bbox: [-180, -90, 180, 90] }, { kind: 'archive', tileset: 'a' }, false],
  ])('%j and %j: %j', (held, asked, expected) => {
    expect(isTilePermitted(held, asked)).toBe(expected)
  })
})
