// @ts-check
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { Router } from 'express'
import { createStyle } from './demo-style/style.mjs'

const NOT_FOUND = {
  success: false,
  error: 'Not Found',
  message: 'The demo has no such resource',
  code: 'NOT_FOUND',
}

/** @type {Readonly<Record<string, string>>} Content types by file extension. */
const TYPES = { '.json': 'json', '.png': 'png', '.pbf': 'application/x-protobuf' }

/**
 * Reads glyphs and sprite into memory: they are small, and the guard gives a strong ETag to a body
 * that is sent whole.
 *
 * @param {string} folder
 */
function readAssets(folder) {
  const names = readdirSync(join(folder, 'glyphs'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('glyphs', name))
    .concat(readdirSync(folder).filter((name) => name.startsWith('sprite')))
    .filter((name) => Object.hasOwn(TYPES, extname(name)))
  return new Map(names.map((name) => [name.split(sep).join('/'), readFileSync(join(folder, name))]))
}

/**
 * Serves the demo's styles, glyphs and sprite. Mount it behind a guard.
 *
 * @param {string} folder The demo data.
 * @param {string} origin Of the server, for the absolute URLs in the styles.
 */
export function createDemoAssets(folder, origin) {
  const assets = readAssets(folder)
  /** @param {import('express').Response} response @param {string} name */
  const send = (response, name) => {
    const data = assets.get(name)
    if (data) response.type(TYPES[extname(name)] ?? 'bin').send(data)
    else response.status(404).json(NOT_FOUND)
  }
  const router = Router()
  router.get('/style.json', (_request, response) => {
    response.json(createStyle('light', origin))
  })
  router.get('/style-dark.json', (_request, response) => {
    response.json(createStyle('dark', origin))
  })
  router.get('/glyphs/:stack/:range', ({ params }, response) => {
    send(response, `glyphs/${params.stack}/${params.range}`)
  })
  router.get('/:sprite', ({ params }, response) => send(response, params.sprite))
  router.use((_request, response) => {
    response.status(404).json(NOT_FOUND)
  })
  return router
}
