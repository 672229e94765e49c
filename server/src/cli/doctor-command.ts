import type { Command } from 'commander'
import { listSigningKeys } from '../issuer/key-rotation.ts'
import {
  addDataCommand,
  type DataContext,
  type DataOptions,
  type Surroundings,
  withStore,
} from './context.ts'
import { checkFolder } from './doctor/check-folder.ts'
import { checkGrants } from './doctor/check-grants.ts'
import { checkModes } from './doctor/check-modes.ts'
import { checkPublicUrl } from './doctor/check-public-url.ts'
import { checkSealing } from './doctor/check-sealing.ts'
import { checkUpstreams } from './doctor/check-upstreams.ts'
import { type Finding, ok } from './doctor/finding.ts'
import { CommandError, toPrintable } from './output.ts'

const NOT_CHECKED = ok(
  'settings',
  'not checked: name their file with --config; createBroker() checks settings in code itself',
)
const MARKS = { ok: 'ok     ', warning: 'WARNING', fault: 'FAULT  ' } as const

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, surroundings: Surroundings): void {
  addDataCommand(program, 'doctor', {
    description:
      'Check clock, data folder, keys, issuer, grants, upstreams, CORS and proxy, and say what to do',
    examples: ['doctor --config tilepass.json'],
  }).action((options: DataOptions) =>
    withStore(surroundings, options, false, (context) => {
      const isConfigured = (options.config ?? surroundings.env.TILEPASS_CONFIG ?? '') !== ''
      return examine(context, surroundings, isConfigured)
    }),
  )
}

async function examine(
  context: DataContext,
  { env, now }: Surroundings,
  isConfigured: boolean,
): Promise<void> {
  const { store, settings, output } = context
  const keyIds = (await listSigningKeys(store, now())).map(({ kid }) => kid)
  const findings = [
    ...(await checkFolder(context, now())),
    ...(await checkSealing(context, { env })),
    ...(await checkModes(settings)),
    ...(isConfigured ? await checkGrants(context) : [NOT_CHECKED]),
    ...(await checkUpstreams(settings, { env, now })),
    ...(isConfigured || settings.publicUrl !== undefined
      ? await checkPublicUrl({ settings, keyIds, now })
      : []),
  ]
  output.result(findings, findings.map(format).join('\n'))
  const faults = findings.filter(({ state }) => state === 'fault').length
  if (faults > 0) throw new CommandError(`Found ${faults === 1 ? '1 fault' : `${faults} faults`}.`)
}

function format({ check, state, text, remedy }: Finding): string {
  const line = toPrintable(`${MARKS[state]}  ${check.padEnd(9)}  ${text}`)
  return remedy === undefined ? line : `${line}\n${' '.repeat(20)}${toPrintable(remedy)}`
}
