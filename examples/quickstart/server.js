import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GeoJSONVT } from '@maplibre/geojson-vt'
import { fromGeojsonVt } from '@maplibre/vt-pbf'
import { createBroker } from '@tilepass/broker'
import { guard } from '@tilepass/guard'
import express from 'express'
import { feature } from 'topojson-client'

const port = process.env.PORT || 3000
const app = express()

// 1. The broker: it gives the page its tokens at POST /map-token.
const account = 'demo' // CHANGE: the name that you gave to `npx tilepass account create`
const broker = await createBroker({
  demo: true, // CHANGE: leave it out; it creates the account "demo"
  publicUrl: `http://127.0.0.1:${port}`, // CHANGE: the address of your page
  grants: {
    default: {
      account,
      scope: 'tiles:read',
      expiresInSeconds: 60,
      session: (_request) => true, // CHANGE: is the user who sent this request signed in?
    },
  },
})
app.use(broker.router)

// 2. The guard, in front of the tiles: without a token, the answer is 401.
app.use('/tiles', guard({ verifier: broker.verifier, scope: 'tiles:read' }))

// 3. CHANGE: your tiles. These are the countries of the world, cut into vector tiles.
const atlas = new URL(import.meta.resolve('world-atlas/countries-50m.json'))
const world = JSON.parse(readFileSync(atlas, 'utf8'))
const countries = feature(world, world.objects.countries)
for (const { geometry } of countries.features)
  for (const ring of geometry.coordinates.flat(geometry.type === 'Polygon' ? 0 : 1))
    for (let i = 1; i < ring.length; i++)
      // Russia and Fiji continue beyond 180°.
      if (Math.abs(ring[i][0] - ring[i - 1][0]) > 180 && ring[i][1] > -80)
        ring[i][0] += Math.sign(ring[i - 1][0]) * 360
const tiles = new GeoJSONVT(countries, { maxZoom: 6 })
app.get('/tiles/:z/:x/:y', ({ params: { z, x, y } }, response) => {
  const tile = tiles.getTile(z, x, y)
  if (!tile) return response.status(204).end()
  const bytes = fromGeojsonVt({ countries: tile }, { version: 2, extent: 4096 })
  return response.type('application/x-protobuf').send(Buffer.from(bytes))
})

// 4. The page, and the scripts that it imports.
app.get('/', (_request, response) => response.sendFile('index.html', { root: import.meta.dirname }))
for (const name of ['maplibre-gl', '@tilepass/maplibre']) {
  const folder = new URL('.', import.meta.resolve(`${name}/package.json`))
  app.use(`/node_modules/${name}`, express.static(fileURLToPath(folder)))
}

app.listen(Number(port), '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`Your private map is on http://127.0.0.1:${port}/`)
})
