import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../server/src/config/parse.ts'
import { root } from '../support/repository.ts'
import { findFreePort } from '../support/servers/free-port.ts'
import { createProject, readShownFiles, readSnippets } from '../support/snippets.ts'

/** Each command of a page is a process of its own; on a busy machine one takes seconds. */
vi.setConfig({ testTimeout: 120_000 })

const COMMAND = `"${process.execPath}" "${join(root, 'server/bin/tilepass.js')}"`
const PAGES = readdirSync(join(root, 'docs'), { encoding: 'utf8', recursive: true })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name.replaceAll('\\', '/')}`)
const schema = z.fromJSONSchema(
  JSON.parse(readFileSync(join(root, 'server/tilepass.schema.json'), 'utf8')),
)
/** JSON that is not a configuration. */
const OTHERS = ['docs/operate/running.md, Log']

const configurations = PAGES.concat('server/README.md')
  .flatMap(readSnippets)
  .filter(({ language }) => language === 'json')
  .map(({ file, section, code }) => ({ name: `${file}, ${section}`, code }))

test.each(configurations)('the configuration of $name is valid', ({ name, code }) => {
  const value: unknown = JSON.parse(code)
  if (OTHERS.includes(name)) return
  expect(schema.safeParse(value).error).toBeUndefined()
  expect(() => parseConfig(value)).not.toThrow()
})

/** A folder in which the packages are installed. */
function createFolder(): string {
  const folder = createProject()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'tiles'))
  return folder
}

function start(folder: string, command: string): ChildProcess {
  const child = spawn('sh', ['-c', `exec ${command}`], {
    cwd: folder,
    env: { ...process.env, TILEPASS_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  onTestFinished(async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return child
}

/** Runs lines of a page, without those that install packages or start servers. */
function run(folder: string, text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => !/^(npm|node server|\S* ?tilepass serve)/.test(line))
  const script = lines
    .join('\n')
    .replaceAll(/^(?:npx )?tilepass/gm, COMMAND)
    .replaceAll('../tilepass/', `${root}/`)
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', script], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect([script, status, stderr]).toEqual([script, 0, ''])
  return stdout
}

const waitForToken = (port: number) =>
  vi.waitFor(
    async () => {
      const response = await fetch(`http://127.0.0.1:${port}/map-token`, { method: 'POST' })
      expect(response.status).toBe(200)
      return String((await response.json()).access_token)
    },
    { timeout: 15_000, interval: 50 },
  )

const shell = (page: string) =>
  readSnippets(page)
    .filter(({ language }) => language === 'sh')
    .map(({ code }) => code)

test.skipIf(process.platform === 'win32')(
  'the broker alone: its page leads from an empty folder to a token',
  async () => {
    const page = 'docs/broker/standalone.md'
    const port = await findFreePort()
    const replacePort = (text: string) => text.replaceAll('8080', String(port))
    const folder = createFolder()
    const file = readShownFiles(page).get('tilepass.json') ?? ''
    writeFileSync(join(folder, 'tilepass.json'), replacePort(file))
    const [prepare = '', serve, check = ''] = shell(page)
    run(folder, prepare)
    expect(serve).toBe('npx tilepass serve --config tilepass.json\n')
    start(folder, `${COMMAND} serve --config tilepass.json --port ${port}`)
    const headers = { authorization: `Bearer ${await waitForToken(port)}` }
    const named = readFileSync(join(root, page), 'utf8').match(/\/v1\/tiles\/world\/[^`]+/g)
    expect(named).toEqual(['/v1/tiles/world/{z}/{x}/{y}.mvt', '/v1/tiles/world/metadata'])
    for (const path of named ?? []) {
      const url = `http://127.0.0.1:${port}${path.replaceAll(/\{\w\}/g, '0')}`
      expect([path, (await fetch(url, { headers })).status]).toEqual([path, 200])
    }
    const printed = run(folder, replacePort(check).replaceAll('curl', 'curl -sS'))
    expect(printed).toContain('"token_type":"Bearer"')
    expect(printed).not.toMatch(/^FAULT/m)
  },
)

test.skipIf(process.platform === 'win32')(
  'a mounted broker: its page leads to a token, and to tiles behind the guard',
  async () => {
    const page = 'docs/broker/mount.md'
    const port = await findFreePort()
    const folder = createFolder()
    const file = readShownFiles(page).get('server.js') ?? ''
    writeFileSync(join(folder, 'server.mjs'), file.replaceAll('3000', String(port)))
    writeFileSync(join(folder, 'tiles/0.txt'), 'a tile')
    run(folder, shell(page)[0] ?? '')
    start(folder, `"${process.execPath}" server.mjs`)
    const token = await waitForToken(port)
    const tile = `http://127.0.0.1:${port}/v1/private/0.txt`
    expect((await fetch(tile)).status).toBe(401)
    const headers = { authorization: `Bearer ${token}` }
    expect(await (await fetch(tile, { headers })).text()).toBe('a tile')
  },
)

test.skipIf(process.platform === 'win32')(
  'a backup is made while the broker runs, and restored; what was made later is gone',
  async () => {
    const page = 'docs/operate/backup-restore-upgrade.md'
    const folder = createFolder()
    const port = await findFreePort()
    writeFileSync(
      join(folder, 'tilepass.json'),
      JSON.stringify({ grants: { default: { account: 'city', scope: 'tiles:read' } } }),
    )
    run(folder, 'tilepass account create city')
    const server = start(folder, `${COMMAND} serve --config tilepass.json --port ${port}`)
    const token = await waitForToken(port)
    const [backUp = '', restore = ''] = shell(page)
    expect(run(folder, backUp)).toContain('complete and sound')
    run(folder, 'tilepass account create later')
    server.kill()
    await once(server, 'exit')
    expect(run(folder, restore)).not.toMatch(/^FAULT/m)
    const accounts = run(folder, 'tilepass account list')
    expect(accounts).toContain('city')
    expect(accounts).not.toContain('later')
    start(folder, `${COMMAND} serve --config tilepass.json --port ${port}`)
    await waitForToken(port)
    writeFileSync(join(folder, 'token.txt'), token)
    expect(run(folder, 'tilepass inspect - < token.txt')).toMatch(/Valid/)
  },
)

test.skipIf(process.platform === 'win32')(
  'the page on sealing leads from a plain folder to a sealed one',
  async () => {
    const page = 'docs/operate/sealing.md'
    const folder = createFolder()
    const port = await findFreePort()
    run(folder, 'tilepass account create city')
    run(folder, 'tilepass token create --account city --scope tiles:read --issuer http://a.example')
    run(folder, shell(page)[0] ?? '')
    const settings = JSON.parse(readShownFiles(page).get('tilepass.json') ?? '')
    const grants = { default: { account: 'city', scope: 'tiles:read' } }
    const issuer = 'http://a.example'
    writeFileSync(join(folder, 'tilepass.json'), JSON.stringify({ ...settings, grants, issuer }))
    start(folder, `${COMMAND} serve --config tilepass.json --port ${port}`)
    await waitForToken(port)
    expect(run(folder, 'tilepass doctor --config tilepass.json || true')).toMatch(
      /secrets +Sealed with the key [0-9a-f]{16}\n/,
    )
    const rotate = 'tilepass secret-key rotate --config tilepass.json'
    expect(run(folder, rotate)).toContain('Sealed 1 secrets')
  },
)

/** The sources of all packages, in which messages are looked up. */
const sources = ['packages/core', 'packages/guard', 'server']
  .flatMap((folder) =>
    readdirSync(join(root, folder, 'src'), { encoding: 'utf8', recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, folder, 'src', name), 'utf8')),
  )
  .join('\n')
  .toLowerCase()

const troubleshooting = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8')
/** The messages in the first columns of the tables. */
const quoted = [...troubleshooting.matchAll(/^\| (`[^|]*`) \|/gm)]
  .flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)])
  .map(([, message = '']) => message)

test('troubleshooting quotes many messages', () => {
  expect(quoted.length).toBeGreaterThan(15)
})

test.each(quoted)('the message "%s" of troubleshooting is one of the code', (message) => {
  // What is not the same each time: values, names, and what is compared.
  const parts = message.split(/…|"[^"]*"|default| mismatch:.*$/)
  const [longest = ''] = parts.map((part) => part.trim()).sort((a, b) => b.length - a.length)
  expect(longest.length).toBeGreaterThan(4)
  expect(sources).toContain(longest.toLowerCase())
})
