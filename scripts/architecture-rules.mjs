// @ts-check

/**
 * @typedef {object} PackageRules
 * @property {string} name
 * @property {string} folder
 * @property {readonly string[]} imports Packages of this repository that it may import.
 * @property {boolean | readonly string[]} portable What must run without Node: everything, or these rooms.
 * @property {readonly string[]} [looseFiles] The only files that may lie directly in `src`.
 * @property {readonly (readonly string[])[]} [floors] Rooms, from the top floor down. Left out: one room.
 * @property {readonly (readonly [from: string, to: string])[]} [neighbours] Imports allowed within a floor.
 */

/**
 * The packages and their rooms. A room is a folder of `src`, or a file that lies directly in `src`
 * (named without `.ts`). `surfaces/*` makes each folder in `surfaces` a room of its own.
 *
 * An import stays within its room or goes to a room on a lower floor. Rooms on one floor do not
 * import each other, unless `neighbours` lists the pair.
 *
 * @type {readonly PackageRules[]}
 */
export const PACKAGES = [
  { name: '@tilepass/core', folder: 'packages/core', imports: [], portable: true },
  {
    name: '@tilepass/maplibre',
    folder: 'packages/maplibre',
    imports: ['@tilepass/core'],
    portable: true,
  },
  {
    name: '@tilepass/leaflet',
    folder: 'packages/leaflet',
    imports: ['@tilepass/core'],
    portable: true,
  },
  {
    name: '@tilepass/guard',
    folder: 'packages/guard',
    imports: [],
    portable: [
      ...['fetch', 'gate', 'admission', 'http'],
      ...['budgets', 'token', 'keys', 'tiles', 'options', 'errors'],
    ],
    floors: [
      ['index'],
      ['guard', 'forward-auth', 'broker', 'fetch'],
      ['gate', 'node'],
      ['admission'],
      ['http'],
      ['budgets'],
      ['token'],
      ['keys', 'tiles'],
      ['options'],
      ['errors'],
    ],
  },
  {
    name: '@tilepass/broker',
    folder: 'server',
    imports: ['@tilepass/guard'],
    portable: false,
    looseFiles: ['main.ts', 'index.ts', 'errors.ts'],
    floors: [
      ['main', 'index'],
      ['cli'],
      ['broker'],
      ['config'],
      ['surfaces/*'],
      ['surfaces'],
      ['admin', 'grants'],
      ['sessions', 'upstreams'],
      ['issuer'],
      ['usage', 'limits', 'datasets', 'places', 'tiles'],
      ['store'],
      ['http'],
      ['observe'],
      ['settings'],
      ['errors'],
    ],
  },
]

/** Map libraries: a package imports their types only, and is handed what it needs at run time. */
export const TYPES_ONLY = ['maplibre-gl', 'leaflet']
