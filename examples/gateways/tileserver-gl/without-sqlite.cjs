// TileServer GL loads an SQLite driver that takes minutes to compile and is needed only for MBTiles.
// Preload this file (node --require), and it serves PMTiles without the driver.
const Module = require('node:module')

const load = Module._load
Module._load = function loadWithoutSqlite(request, ...rest) {
  return request === 'sqlite3' ? {} : Reflect.apply(load, this, [request, ...rest])
}
