import { listMissingFiles } from '../../config/missing.ts'
import type { Config } from '../../config/schema.ts'
import { findIssuer, findIssuerFault } from '../../issuer/identity.ts'
import { listSigningKeys } from '../../issuer/key-rotation.ts'
import { isLoopback } from '../../settings/url.ts'
import { listAuditEntries } from '../../store/audit.ts'
import { findDamage } from '../../store/integrity.ts'
import type { Store } from '../../store/open.ts'
import type { DataContext, Hint } from '../context.ts'
import { formatTime } from '../output.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

const DAY = 86_400_000
/** Age at which a signing key should have been replaced. */
const OLD_KEY = 400 * DAY

/** Checks what is in the data folder. @param now Epoch ms. */
export async function checkFolder(
  { store, settings, hint }: Pick<DataContext, 'store' | 'settings' | 'hint'>,
  now: number,
): Promise<readonly Finding[]> {
  const findings = [
    await checkStore(store, settings),
    await checkClock(store, now),
    await checkKeys(store, hint, now),
    await checkIssuer(store, settings, hint),
  ]
  return [...findings, ...checkFiles(settings)]
}

/** Tilesets, datasets and places. */
function checkFiles(settings: Config): readonly Finding[] {
  return listMissingFiles({ ...settings }).map((text) =>
    fault('files', text, 'The server does not start without it: correct the path, or remove it.'),
  )
}

async function checkStore(store: Store, { data, databaseUrl }: Config): Promise<Finding> {
  if (databaseUrl !== undefined) return ok('store', 'The database answers')
  const damage = await findDamage(store)
  if (damage !== undefined)
    return fault('store', `${data} is damaged: ${damage}`, 'Restore the folder from a backup.')
  return ok('store', `${data} is sound`)
}

/** A clock that runs behind refuses new tokens, one that runs ahead ends tokens early. */
async function checkClock(store: Store, now: number): Promise<Finding> {
  const [newest] = await listAuditEntries(store, { limit: 1 })
  const ahead = newest === undefined ? 0 : newest.at - now
  return ahead <= 60_000
    ? ok('clock', `${formatTime(now)} UTC`)
    : fault(
        'clock',
        `This clock says ${formatTime(now)} UTC, but the newest entry of the audit trail is of ${formatTime(now + ahead)}`,
        'Set the clock, and keep it right with NTP.',
      )
}

async function checkKeys(store: Store, hint: Hint, now: number): Promise<Finding> {
  const keys = await listSigningKeys(store, now)
  const signing = keys.find(({ state }) => state === 'signing')
  if (!signing) return ok('keys', 'None yet: the first start of the server makes one')
  const age = Math.floor((now - signing.created_at) / DAY)
  const text = `${signing.kid} signs (${signing.algorithm}, ${age} days old), ${keys.length} in all`
  return now - signing.created_at < OLD_KEY
    ? ok('keys', text)
    : warning('keys', text, `Replace it with: ${hint('key rotate')}`)
}

async function checkIssuer(store: Store, settings: Config, hint: Hint): Promise<Finding> {
  const stored = await findIssuer(store)
  const configured = settings.issuer ?? settings.publicUrl
  if (stored === undefined)
    return configured === undefined
      ? warning(
          'issuer',
          'Not known yet: it will be the URL of the first run',
          `Set it before there are tokens: ${hint('issuer set https://maps.example')}`,
        )
      : ok('issuer', `${configured}, once the server has started`)
  const difference = findIssuerFault(stored, settings)
  if (difference !== undefined)
    return fault('issuer', difference, 'The server does not start before this is settled.')
  const { protocol, hostname } = new URL(stored)
  return protocol === 'https:' || isLoopback(hostname)
    ? ok('issuer', stored)
    : warning(
        'issuer',
        `${stored} is not https: guards fetch its keys over a network that others can change`,
        'Put the broker behind TLS, and set the issuer to its https URL.',
      )
}
