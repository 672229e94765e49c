import type { Command } from 'commander'
import { inspectFile } from '../datasets/inspect-file.ts'
import { findAccount } from '../store/accounts.ts'
import { addAuditEntry } from '../store/audit.ts'
import { addDataset, type Dataset, listDatasets, removeDataset } from '../store/datasets.ts'
import type { Store } from '../store/open.ts'
import { addDataOptions, type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError, formatTable } from './output.ts'

interface AddOptions extends DataOptions {
  readonly account: string
  readonly public?: boolean
}

/** Adds `dataset add`, `dataset list` and `dataset remove`. */
export function addDatasetCommands(program: Command, surroundings: Surroundings): void {
  const dataset = program.command('dataset').description('files that can be downloaded')

  addDataOptions(dataset.command('add'))
    .description('Enter a file in the catalogue and print its id, alone')
    .argument('<name>', 'letters, digits, "-", "_" and "."; the name of the download')
    .argument('<path>', 'the file, such as a cloud-optimized GeoTIFF; it stays where it is')
    .requiredOption('--account <name>', 'account that owns it')
    .option('--public', 'let everybody download it')
    .addHelpText(
      'after',
      '\nExample:\n  tilepass dataset add earth /srv/rasters/earth.tif --account city --public',
    )
    .action((name: string, path: string, options: AddOptions) =>
      add(name, path, options, surroundings),
    )

  addDataOptions(dataset.command('list'))
    .description('List the catalogue by name')
    .addHelpText('after', '\nExample:\n  tilepass dataset list --json')
    .action((options: DataOptions) =>
      withStore(surroundings, options, false, async (store, output) => {
        const datasets = await listDatasets(store)
        output.result(datasets.map(toWire), toTable(datasets))
      }),
    )

  addDataOptions(dataset.command('remove'))
    .description('Take a dataset out of the catalogue at once; its file stays')
    .argument('<name>', 'name as "dataset list" shows it')
    .addHelpText('after', '\nExample:\n  tilepass dataset remove earth')
    .action((name: string, options: DataOptions) =>
      withStore(surroundings, options, false, async (store, output) => {
        if (!(await hasDataset(store, name)))
          throw new CommandError(
            `There is no dataset "${name}"; "tilepass dataset list" shows the names.`,
          )
        await note(store, 'dataset.remove', name, surroundings.now())
        await removeDataset(store, name)
        output.result({ name, removed: true }, `Removed ${name}.`)
      }),
    )
}

function note(store: Store, action: string, target: string, now: number): Promise<void> {
  return addAuditEntry(store, { at: now, actor: 'cli', action, target })
}

// The audit comes before the change, and must not tell of one that cannot be.
async function hasDataset(store: Store, name: string): Promise<boolean> {
  return (await listDatasets(store)).some((dataset) => dataset.name === name)
}

async function add(name: string, path: string, options: AddOptions, surroundings: Surroundings) {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new CommandError(
      `The name must be 1 to 64 letters, digits, "-", "_" or "." (given: "${name}").`,
      2,
    )
  const file = await inspectFile(path).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError(
      `"${path}" cannot be read: ${why}. Name a file that the server can read.`,
    )
  })
  await withStore(surroundings, options, false, async (store, output) => {
    const { account, public: isPublic = false } = options
    if (!(await findAccount(store, account)))
      throw new CommandError(
        `There is no account "${account}". Create it with: tilepass account create ${account}`,
      )
    const taken = `There is a dataset "${name}" already.`
    if (await hasDataset(store, name)) throw new CommandError(taken)
    await note(store, 'dataset.add', name, surroundings.now())
    const dataset = await addDataset(
      store,
      { ...file, name, account, isPublic },
      surroundings.now(),
    )
    if (!dataset) throw new CommandError(taken)
    output.result(toWire(dataset), dataset.id)
  })
}

function toWire({ id, name, account, path, kind, is_public, created_at }: Dataset) {
  return {
    id,
    name,
    account,
    path,
    kind,
    public: is_public === 1,
    created: new Date(created_at).toISOString(),
  }
}

function toTable(datasets: readonly Dataset[]): string {
  const rows = datasets.map(({ id, name, account, path, kind, is_public }) => {
    return [id, name, account, is_public === 1 ? 'public' : 'private', kind, path]
  })
  return formatTable(
    ['ID', 'NAME', 'ACCOUNT', 'ACCESS', 'KIND', 'PATH'],
    rows,
    'No datasets yet; add one with "tilepass dataset add".',
  )
}
