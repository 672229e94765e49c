import type { Command } from 'commander'
import { readSealingKeys } from '../config/sealing-keys.ts'
import { wasSealed } from '../store/lock-secrets.ts'
import { purgeIfPending } from '../store/purge.ts'
import { resealAll } from '../store/reseal.ts'
import { countSealed, listStoredSecrets } from '../store/sealed-columns.ts'
import { createSealingKeyText } from '../store/sealing-key.ts'
import {
  addCommand,
  addDataCommand,
  type DataContext,
  type DataOptions,
  type Surroundings,
  withStore,
} from './context.ts'
import { CommandError, createOutput } from './output.ts'

/** Adds `secret-key create` and `secret-key rotate`. */
export function addSealingKeyCommands(program: Command, surroundings: Surroundings): void {
  const secretKey = program
    .command('secret-key')
    .description('Manage the key that seals the secrets in the store (TILEPASS_SECRET_KEY)')

  addCommand(secretKey, 'create', {
    description:
      'Print a new key of 32 random bytes. It is stored nowhere: keep it apart from backups',
    examples: ['secret-key create > secret-key.txt'],
  })
    .option('--json', 'print JSON, for programs')
    .action(({ json = false }: { readonly json?: boolean }) => {
      const key = createSealingKeyText()
      const output = createOutput((line) => surroundings.writeOut(`${line}\n`), json)
      output.result({ secret_key: key }, key)
    })

  addDataCommand(secretKey, 'rotate', {
    description:
      'Seal every secret in the store again with the first key of TILEPASS_SECRET_KEY. Servers that have both keys go on',
    examples: ['secret-key rotate', 'secret-key rotate --config tilepass.json'],
  }).action((options: DataOptions) =>
    withStore(
      surroundings,
      options,
      false,
      (context) => rotate(context, surroundings),
      // Secrets that are not sealed, which stop everything else, are sealed by this.
      async () => undefined,
    ),
  )
}

async function rotate(
  { store, settings, output, hint }: DataContext,
  { env, now }: Surroundings,
): Promise<void> {
  const [first, ...others] = await readSealingKeys(settings.secretKey, env)
  if (!first)
    throw new CommandError(
      'There is no key: set TILEPASS_SECRET_KEY or TILEPASS_SECRET_KEY_FILE to the new key and the one so far, or "secretKey" in the configuration.',
      2,
    )
  const { sealed, plain: unsealed } = countSealed(await listStoredSecrets(store))
  const isPlain = sealed === 0 && unsealed > 0 && !(await wasSealed(store))
  // A database is never sealed by a start.
  if (isPlain && store.kind === 'sqlite')
    throw new CommandError(
      'The secrets in this store are not sealed yet. Restart every server with the key: the first one seals them.',
    )
  const { replaced, plain } = await resealAll(store, [first, ...others], now())
  const isPurged = await purgeIfPending(store)
  const lines = [
    `Sealed ${replaced + plain} secrets with the key ${first.id}.`,
    ...(plain > 0 ? [`${plain} of them were not sealed before.`] : []),
    ...(others.length > 0
      ? [
          `Once every server has read the keys again, remove ${others.map(({ id }) => id).join(', ')}, and keep it as long as backups need it.`,
        ]
      : []),
    ...(isPurged
      ? []
      : [
          `Another process uses the store, so what was sealed before may be left in free pages of its file. Run it again: ${hint('secret-key rotate')}`,
        ]),
  ]
  output.result(
    { key: first.id, secrets: replaced + plain, unsealed_before: plain, purged: isPurged },
    lines.join('\n'),
  )
}
