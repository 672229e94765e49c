import { stat } from 'node:fs/promises'
import { isRecord } from '@tilepass/guard/broker'
import type { Config } from '../../config/schema.ts'
import { type Finding, warning } from './finding.ts'

/** Where containers get their secrets; every user of a container is the broker. */
const MOUNTED = '/run/secrets/'
const OTHERS_READ = 0o004

/** Names the files with secrets that every user of the machine can read. The data folder closes itself. */
export async function checkModes({
  databaseUrl,
  secretKey,
  upstreams,
}: Pick<Config, 'databaseUrl' | 'secretKey' | 'upstreams'>): Promise<readonly Finding[]> {
  // Windows has no such modes.
  if (process.platform === 'win32') return []
  const sources = [databaseUrl, secretKey, ...Object.values(upstreams).flatMap(listMembers)]
  const files = sources.flatMap((source) =>
    isRecord(source) && typeof source.file === 'string' && !source.file.startsWith(MOUNTED)
      ? [source.file]
      : [],
  )
  const findings: Finding[] = []
  for (const path of new Set(files)) {
    // What is missing is named by other checks.
    const mode = await stat(path).then(
      (found) => found.mode & 0o777,
      () => 0,
    )
    if (mode & OTHERS_READ)
      findings.push(
        warning(
          'modes',
          `Every user of this machine can read ${path} (mode ${mode.toString(8)})`,
          `chmod o= ${path}`,
        ),
      )
  }
  return findings
}

const listMembers = (upstream: unknown): readonly unknown[] =>
  isRecord(upstream) ? Object.values(upstream) : []
