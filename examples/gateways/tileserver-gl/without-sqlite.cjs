// TileServer GL loads SQLite's driver, which it needs for MBTiles alone and which takes minutes to
// compile. With this preloaded (node --require) it serves PMTiles without it.
const Module = require('node:module')

const load = Module._load
Module._load = function loadWithoutSqlite(request, ...rest) {
  return request === 'sqlite3' ? {} : Reflect.apply(load, this, [request, ...rest])
}
