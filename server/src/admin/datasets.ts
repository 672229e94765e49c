import { NotFoundError } from '../errors.ts'
import { lockAccount } from '../store/accounts.ts'
import {
  addDataset,
  type Dataset,
  type DatasetDetails,
  listDatasets,
  removeDataset,
} from '../store/datasets.ts'
import { getActiveAccount } from './active-account.ts'
import { ConflictError } from './errors.ts'
import { auditedBy, type Operator } from './operator.ts'

/** What operators do with the catalogue of datasets. */
export interface DatasetAdministration {
  /** By name. */
  listDatasets(): Promise<readonly Dataset[]>
  /**
   * @throws `NoSuchAccountError`, `DisabledAccountError`; {@link ConflictError} if the name is taken.
   */
  addDataset(details: DatasetDetails): Promise<Dataset>
  /** Removes a dataset from the catalogue; its file stays. @throws {@link NotFoundError} */
  removeDataset(name: string): Promise<void>
}

/** Creates the part of an administration that is about datasets. */
export function createDatasetAdministration(operator: Operator): DatasetAdministration {
  const { store, now } = operator
  return {
    listDatasets: () => listDatasets(store),
    addDataset: (details) =>
      auditedBy(operator, 'dataset.add', details.name, async (change) => {
        await getActiveAccount(change, details.account, lockAccount)
        const dataset = await addDataset(change, details, now())
        if (!dataset) throw new ConflictError('The name is taken')
        return dataset
      }),
    removeDataset: (name) =>
      auditedBy(operator, 'dataset.remove', name, async (change) => {
        if (!(await removeDataset(change, name)))
          throw new NotFoundError('There is no such dataset')
      }),
  }
}
