import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DockerfileParser } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { expect, test } from 'vitest'
import { FILES, readDeployed } from '../support/deploy/files.ts'
import { root } from '../support/repository.ts'

const text = readDeployed('docker/Dockerfile')
const dockerfile = DockerfileParser.parse(text)
const all = dockerfile.getInstructions()
const argumentsOf = (keyword: string) =>
  all
    .filter((instruction) => instruction.getKeyword() === keyword)
    .map((instruction) => instruction.getArgumentsContent() ?? '')
/** Those of the image itself, after the last FROM. */
const last = all.slice(all.map((each) => each.getKeyword()).lastIndexOf('FROM'))
const findLast = (keyword: string) =>
  last.find((each) => each.getKeyword() === keyword)?.getArgumentsContent() ?? ''

test('the Dockerfile has no fault that the linter of editors knows', () => {
  expect(validate(text).map(({ message }) => message)).toEqual([])
})

test('the linter finds faults', () => {
  expect(validate('FROM node:24\nEXPOSE a\nCMD b\nCMD c\n')).toHaveLength(2)
})

test('the image runs as a user with a number, not as root, and the last stage installs nothing', () => {
  expect(findLast('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  const runs = last.filter((each) => each.getKeyword() === 'RUN').map(String)
  for (const run of runs) expect(run).not.toMatch(/npm|apt|curl|wget/)
  // Nothing after USER may need root, and signals reach Node: there is no shell.
  for (const keyword of ['ENTRYPOINT', 'CMD']) expect(findLast(keyword)).toMatch(/^\["/)
})

test('the health check asks a path that exists, on the port that is exposed', () => {
  const check = findLast('HEALTHCHECK')
  expect(check).toMatch(/CMD \["node", "-e"/)
  expect(check).toContain('/readyz')
  expect(findLast('ENV')).toContain(`TILEPASS_PORT=${findLast('EXPOSE')}`)
})

test('dependencies are those of the lock file, without the scripts of packages', () => {
  const installations = argumentsOf('RUN').filter((run) => run.includes('npm'))
  expect(installations).toHaveLength(2)
  for (const run of installations) expect(run).toMatch(/^npm ci .*--ignore-scripts/)
  expect(installations.at(-1)).toContain('--omit=dev')
})

test('the manifest of every workspace is copied, which "npm ci" compares with the lock file', () => {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const copied = argumentsOf('COPY').flatMap((copy) => copy.match(/\S+\/package\.json/g) ?? [])
  expect(copied.sort()).toEqual(workspaces.map((name: string) => `${name}/package.json`).sort())
})

test('the build gets what it copies, and neither data, secrets nor history', () => {
  const name = 'docker/Dockerfile.dockerignore'
  expect(FILES).toContain(name)
  const [first, ...allowed] = readDeployed(name)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(first).toBe('*')
  for (const line of allowed)
    expect(line).toMatch(/^!(?:[\w-]+\/)*(?:\*\/)?(?:src|bin|LICENSE|[\w.-]+\.json)$/)
  const sources = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  )
  expect(sources).toContain('server/bin/')
  const isAllowed = (source: string) =>
    allowed.some((line) => {
      const pattern = line.slice(1).replace('*', '[^/]+')
      return new RegExp(`^${pattern}/?$`).test(source) || line.startsWith(`!${source}`)
    })
  expect(sources.filter((source) => !isAllowed(source))).toEqual([])
})

test('what is written at run time is one folder, which belongs to that user', () => {
  expect(findLast('VOLUME')).toBe('/data')
  const [user, group] = findLast('USER').split(':')
  expect(findLast('RUN')).toContain(`--owner=${user} --group=${group} --mode=700 /data`)
  expect(findLast('ENV')).toContain('TILEPASS_DATA=/data')
})
