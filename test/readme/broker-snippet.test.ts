import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { root } from '../support/repository.ts'
import { createProject, findSnippet, readSnippets } from '../support/snippets.ts'

const COMMAND = join(root, 'server/bin/tilepass.js')
const folders: string[] = []
const children: ChildProcess[] = []

function createFolder(): string {
  const folder = createProject()
  folders.push(folder)
  return folder
}

afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill()
    await once(child, 'exit')
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Makes the snippet listen on a free port and print it. */
function onFreePort(code: string): string {
  const listening = "app.listen(3000, '127.0.0.1')\n"
  expect(code).toContain(listening)
  return code.replace(
    listening,
    "const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))\n",
  )
}

test('the broker snippet serves tokens, and tiles for these tokens', async () => {
  const folder = createFolder()
  const account = spawnSync(process.execPath, [COMMAND, 'account', 'create', 'city'], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(account).toMatchObject({ status: 0, stderr: '' })
  copyFileSync(join(root, 'examples/demo-data/world.pmtiles'), join(folder, 'world.pmtiles'))
  const { code } = findSnippet('server/README.md', 'In an Express 5 app', 'js', 'app.listen')
  writeFileSync(join(folder, 'server.mjs'), onFreePort(code))
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [port] = await once(createInterface(child.stdout), 'line')
  const url = `http://127.0.0.1:${port}`

  const response = await fetch(`${url}/map-token`, { method: 'POST' })
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const body = await response.json()
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'tiles:read' })

  const tile = `${url}/v1/tiles/world/0/0/0.mvt`
  expect((await fetch(tile)).status).toBe(401)
  const headers = { Authorization: `Bearer ${body.access_token}` }
  const opened = await fetch(tile, { headers })
  expect(opened.status).toBe(200)
  expect((await opened.arrayBuffer()).byteLength).toBeGreaterThan(100)
})

test.skipIf(process.platform === 'win32')(
  'the commands of the section "Command line" work as written',
  () => {
    const tour = readSnippets('README.md').find(({ section }) => section === 'Command line')
    const commands = tour?.code.replaceAll('npx tilepass', `"${process.execPath}" "${COMMAND}"`)
    const result = spawnSync('sh', ['-ec', commands ?? 'exit 1'], {
      cwd: createFolder(),
      encoding: 'utf8',
    })
    expect(result).toMatchObject({ status: 0, stderr: '' })
    expect(result.stdout).toMatch(/Created city/)
    expect(result.stdout).toMatch(/Valid/)
    expect(result.stdout).toMatch(/active {2}tiles:read/)
  },
)
