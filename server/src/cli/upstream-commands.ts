import type { Command } from 'commander'
import type { CheckResult } from '../grants/check-upstreams.ts'
import { loadSettings, type Surroundings } from './context.ts'
import { CommandError, createOutput, formatTable } from './output.ts'

interface CheckOptions {
  readonly config?: string
  readonly json?: boolean
}

/** Adds `upstream check`. */
export function addUpstreamCommands(program: Command, surroundings: Surroundings): void {
  const upstream = program.command('upstream').description('Check third-party token issuers')
  upstream
    .command('check')
    .description('Request a token for each grant from each configured upstream')
    .argument('[name]', 'only this upstream')
    .option('--config <file>', 'settings as a JSON file (TILEPASS_CONFIG)')
    .option('--json', 'print JSON, for programs')
    .addHelpText(
      'after',
      '\nThe tokens obtained are neither shown nor revoked; they expire.\n\nExample:\n  tilepass upstream check --config tilepass.json',
    )
    .action((name: string | undefined, options: CheckOptions) => check(name, options, surroundings))
}

async function check(
  name: string | undefined,
  options: CheckOptions,
  { env, now, writeOut }: Surroundings,
): Promise<void> {
  const config = loadSettings({ env }, options)
  const upstreams = Object.entries(config.upstreams).filter(([key]) => (name ?? key) === key)
  if (upstreams.length === 0)
    throw new CommandError(
      name === undefined
        ? 'No upstream is configured. Name the configuration with --config or TILEPASS_CONFIG.'
        : `The configuration has no upstream "${name}".`,
    )
  // Imported here, because the other commands need no HTTP client and start faster without one.
  const { tryUpstreams } = await import('./try-upstreams.ts')
  const { results, unused } = await tryUpstreams(
    { ...config, upstreams: Object.fromEntries(upstreams) },
    { env, now },
  )
  createOutput((line) => writeOut(`${line}\n`), options.json === true).result(
    [...results.map(toJson), ...unused.map((upstream) => ({ upstream, ok: null }))],
    formatReport(results, unused),
  )
  const bad = results.filter(({ isGood }) => !isGood).length
  const faults = [
    ...(bad > 0 ? [`${bad} of ${results.length} requests gave no token.`] : []),
    ...unused.map((key) => `No grant uses "${key}", so it was not checked.`),
  ]
  if (faults.length > 0) throw new CommandError(faults.join(' '))
}

function toJson({ isGood, expiresInSeconds, ...result }: CheckResult) {
  return { ...result, ok: isGood, expires_in: expiresInSeconds }
}

function formatReport(results: readonly CheckResult[], unused: readonly string[]): string {
  const rows = results.map((result) => [
    result.upstream,
    result.grant ?? '-',
    result.isGood ? 'ok' : 'FAILED',
    `${result.milliseconds} ms`,
    describe(result),
  ])
  return formatTable(
    ['UPSTREAM', 'GRANT', 'RESULT', 'TIME', 'ANSWER'],
    [...rows, ...unused.map((name) => [name, '-', 'unused', '-', 'no grant uses it'])],
    'Nothing to check.',
  )
}

function describe({ isGood, dataset, reason, scope, expiresInSeconds }: CheckResult): string {
  const about = dataset === undefined ? '' : `dataset ${dataset}: `
  if (!isGood) return `${about}${reason}`
  return `${about}a token for ${expiresInSeconds} s${scope === undefined ? '' : `, ${scope}`}`
}
