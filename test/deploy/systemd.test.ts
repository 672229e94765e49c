import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import { folder, readDeployed } from '../support/deploy/files.ts'

const unit = join(folder, 'systemd/tilepass.service')
const text = readDeployed('systemd/tilepass.service')
const analyze = findProgram('systemd-analyze')
const settingOf = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''

describe.skipIf(!analyze)('systemd', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(analyze ?? '', args, { encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  test('accepts the unit without a warning', () => {
    expect(run('verify', unit)).toMatchObject({ status: 0, stderr: '' })
  })

  test('warns of a setting that does not exist', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'tilepass-unit-'))
    onTestFinished(() => rmSync(elsewhere, { recursive: true, force: true }))
    const file = join(elsewhere, 'tilepass.service')
    writeFileSync(file, text.replace('ProtectHome=', 'ProtectHomes='))
    expect(run('verify', file).stderr).toContain('ProtectHomes')
  })

  test('says that it exposes little: below 2 of 10', () => {
    expect(run('security', '--offline=true', '--threshold=20', unit).status).toBe(0)
  })
})

test('the broker has the time to drain and to end its requests', () => {
  const { drainSeconds } = JSON.parse(readDeployed('tilepass.json'))
  expect(Number(settingOf('TimeoutStopSec'))).toBeGreaterThan(drainSeconds + 10)
})

test('a reload is SIGHUP to Node itself, and the data is in the only folder that can be written', () => {
  expect(settingOf('ExecReload')).toBe('/bin/kill -HUP $MAINPID')
  expect(settingOf('ExecStart')).not.toMatch(/npx|sh -c/)
  expect(text).toContain(`Environment=TILEPASS_DATA=/var/lib/${settingOf('StateDirectory')}\n`)
  expect(settingOf('ProtectSystem')).toBe('strict')
  expect(settingOf('User')).not.toBe('root')
})
