import type { Command } from 'commander'
import { toDatasetJson } from '../admin/json.ts'
import { isDatasetName } from '../admin/rules.ts'
import { inspectFile } from '../datasets/inspect-file.ts'
import type { Dataset } from '../store/datasets.ts'
import { administer } from './administer.ts'
import { addDataCommand, type DataOptions, type Hint, type Surroundings } from './context.ts'
import { CommandError, formatTable } from './output.ts'
import { describeMissingOwner } from './remedies.ts'

interface AddOptions extends DataOptions {
  readonly account: string
  readonly public?: boolean
}

/** Adds `dataset add`, `dataset list` and `dataset remove`. */
export function addDatasetCommands(program: Command, surroundings: Surroundings): void {
  const dataset = program
    .command('dataset')
    .description('Manage the catalogue of files for download')

  addDataCommand(dataset, 'add', {
    description: 'Add a file to the catalogue and print its id',
    examples: ['dataset add earth /srv/rasters/earth.tif --account city --public'],
  })
    .argument('<name>', 'letters, digits, "-", "_" and "."; also the file name of the download')
    .argument('<path>', 'the file, such as a cloud-optimized GeoTIFF; it is not copied')
    .requiredOption('--account <name>', 'account that owns the dataset')
    .option('--public', 'let anyone download it')
    .action((name: string, path: string, options: AddOptions) =>
      add(name, path, options, surroundings),
    )

  addDataCommand(dataset, 'list', {
    description: 'List the catalogue by name',
    examples: ['dataset list --json'],
  }).action((options: DataOptions) =>
    administer(surroundings, options, {}, async ({ admin, output, hint }) => {
      const datasets = await admin.listDatasets()
      output.result(datasets.map(toDatasetJson), toTable(datasets, hint))
    }),
  )

  addDataCommand(dataset, 'remove', {
    description: 'Remove a dataset from the catalogue at once; its file stays',
    examples: ['dataset remove earth'],
  })
    .argument('<name>', 'name as shown by "dataset list"')
    .action((name: string, options: DataOptions) => {
      const findRemedies = (hint: Hint) => ({
        not_found: `There is no dataset "${name}". "${hint('dataset list')}" shows the names.`,
      })
      return administer(surroundings, options, { findRemedies }, async ({ admin, output }) => {
        await admin.removeDataset(name)
        output.result({ name, removed: true }, `Removed ${name}.`)
      })
    })
}

async function add(
  name: string,
  path: string,
  options: AddOptions,
  surroundings: Surroundings,
): Promise<void> {
  if (!isDatasetName(name))
    throw new CommandError(
      `The name must be 1 to 64 letters, digits, "-", "_" or ".", and start with a letter or a digit (given: "${name}").`,
      2,
    )
  const file = await inspectFile(path).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError(
      `"${path}" cannot be read: ${why}. Name a file that the server can read.`,
    )
  })
  const { account, public: isPublic = false } = options
  const findRemedies = (hint: Hint) => ({
    not_found: describeMissingOwner(account, hint),
    conflict: `The dataset "${name}" exists already. Choose another name, or remove it with: ${hint('dataset remove', name)}`,
  })
  await administer(surroundings, options, { findRemedies }, async ({ admin, output }) => {
    const dataset = await admin.addDataset({ ...file, name, account, isPublic })
    output.result(toDatasetJson(dataset), dataset.id)
  })
}

function toTable(datasets: readonly Dataset[], hint: Hint): string {
  const rows = datasets.map(({ id, name, account, path, kind, is_public }) => {
    return [id, name, account, is_public === 1 ? 'public' : 'private', kind, path]
  })
  return formatTable(
    ['ID', 'NAME', 'ACCOUNT', 'ACCESS', 'KIND', 'PATH'],
    rows,
    `No datasets yet. Add one with: ${hint('dataset add NAME PATH --account NAME')}`,
  )
}
