import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { Router } from 'express'
import { createStyle } from './demo-style/style.mjs'

const NOT_FOUND = {
  success: false,
  error: 'Not Found',
  message: 'There is no such resource',
  code: 'NOT_FOUND',
}

const TYPES = { '.json': 'json', '.png': 'png', '.pbf': 'application/x-protobuf' }

/** Reads glyphs and sprite; they are small, and from memory the guard's strong ETags cover them. */
function readAssets(folder) {
  const names = readdirSync(join(folder, 'glyphs'), { recursive: true })
    .map((name) => join('glyphs', name))
    .concat(readdirSync(folder).filter((name) => name.startsWith('sprite')))
    .filter((name) => Object.hasOwn(TYPES, extname(name)))
  return new Map(names.map((name) => [name.split(sep).join('/'), readFileSync(join(folder, name))]))
}

/**
 * Styles, glyphs and sprite of the demo. Mount it behind a guard.
 *
 * @param {string} folder Where the demo data lie.
 * @param {string} origin Where they are served.
 */
export function createDemoAssets(folder, origin) {
  const assets = readAssets(folder)
  const router = Router()
  router.get('/style.json', (_request, response) => {
    response.json(createStyle('light', origin))
  })
  router.get('/style-dark.json', (_request, response) => {
    response.json(createStyle('dark', origin))
  })
  router.get(['/glyphs/:stack/:range', '/:sprite'], (request, response) => {
    const { stack, range, sprite } = request.params
    const name = sprite ?? `glyphs/${stack}/${range}`
    const data = assets.get(name)
    if (data) response.type(TYPES[extname(name)]).send(data)
    else response.status(404).json(NOT_FOUND)
  })
  router.use((_request, response) => {
    response.status(404).json(NOT_FOUND)
  })
  return router
}
