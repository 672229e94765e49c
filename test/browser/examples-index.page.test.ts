import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect } from 'vitest'
import { test } from '../support/pages/example-test.ts'
import { root } from '../support/repository.ts'
import { createProject } from '../support/snippets.ts'

const COMMAND = join(root, 'server/bin/tilepass.js')
const PRELUDE = `
import { createBroker } from '@tilepass/broker'
import { guard } from '@tilepass/guard'
import express from 'express'
const isSignedIn = (request) => request.headers.cookie === 'user=1'
`

const readManifest = (folder: string) =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))

describe.concurrent('the index page', () => {
  test('names packages of this repository in the line that installs them', async ({
    openExample,
  }) => {
    const { page } = await openExample('/')
    const line = await page.locator('#install').innerText()
    const [, ...names] = /^npm install (\S+) (\S+) (\S+) maplibre-gl express$/.exec(line) ?? []
    const folders = ['packages/maplibre', 'server', 'packages/guard']
    expect(names).toEqual(folders.map((folder) => readManifest(folder).name))
  })

  test('links to the documentation in the repository of the packages', async ({ openExample }) => {
    const { page } = await openExample('/')
    const repository = readManifest('packages/core').repository.url.replace(/^git\+|\.git$/g, '')
    const links = page.locator(`a[href="${repository}/tree/main/docs"]`)
    expect(await links.count()).toBeGreaterThan(0)
    expect(await links.first().isVisible()).toBe(true)
  })

  test('shows a server of five lines, which gives tokens to users and guards the tiles', async ({
    openExample,
    onTestFinished,
  }) => {
    const { page } = await openExample('/')
    const code = await page.locator('#server').innerText()
    expect(code.trim().split('\n').length).toBe(5)
    expect(code).toContain('app.listen(3000)')
    const folder = createProject()
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'tiles'))
    writeFileSync(join(folder, 'tiles/a.txt'), 'tile')
    const listening =
      "const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))"
    writeFileSync(join(folder, 'server.mjs'), PRELUDE + code.replace('app.listen(3000)', listening))
    const account = spawnSync(process.execPath, [COMMAND, 'account', 'create', 'city'], {
      cwd: folder,
    })
    expect(account.status).toBe(0)
    const server = spawn(process.execPath, ['server.mjs'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(async () => {
      server.kill()
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    })
    const [port] = await once(createInterface(server.stdout), 'line')
    const origin = `http://127.0.0.1:${port}`

    expect((await fetch(`${origin}/map-token`, { method: 'POST' })).status).toBe(401)
    const headers = { cookie: 'user=1' }
    const answer = await fetch(`${origin}/map-token`, { method: 'POST', headers })
    const { access_token: token } = await answer.json()
    expect((await fetch(`${origin}/v1/a.txt`)).status).toBe(401)
    const authorized = { headers: { authorization: `Bearer ${token}` } }
    expect(await (await fetch(`${origin}/v1/a.txt`, authorized)).text()).toBe('tile')
  })
})
