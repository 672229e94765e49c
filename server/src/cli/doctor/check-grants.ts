import { listClosedGrants, loadGrants } from '../../grants/load-grants.ts'
import { ConfigError } from '../../settings/config-error.ts'
import type { DataContext } from '../context.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** Checks that each grant can give a token. */
export async function checkGrants({
  store,
  settings,
  hint,
}: Pick<DataContext, 'store' | 'settings' | 'hint'>): Promise<readonly Finding[]> {
  try {
    const grants = await loadGrants(store, settings.grants, settings)
    if (grants.length === 0)
      return [
        warning(
          'grants',
          'None: /map-token has no token for pages',
          'Add "grants" to the configuration.',
        ),
      ]
    const closed = await listClosedGrants(store, grants)
    return [
      ok('grants', grants.map(({ name }) => name).join(', ')),
      ...closed.map(({ name, account = '' }) =>
        fault(
          'grants',
          `${name} gives no token: its account "${account}" is disabled or deleted`,
          `Name another account, or run: ${hint('account enable', account)}`,
        ),
      ),
    ]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults.map((text) =>
      fault('grants', text, 'Correct it, then run this command again.'),
    )
  }
}
