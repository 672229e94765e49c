import { DOWNLOAD_SECONDS } from '../issuer/download-tokens.ts'
import { MAX_ACCESS_SECONDS, MAX_API_SECONDS } from '../issuer/kinds.ts'
import type { StorePlace } from '../settings/store-place.ts'

/** What cannot be ended. */
const LEFT = {
  upstream: `tokens that upstreams have issued, up to ${MAX_ACCESS_SECONDS} s`,
  anonymous: `download tokens of anonymous clients for public datasets, up to ${DOWNLOAD_SECONDS} s`,
} as const

/** What a command that ends tokens reaches. */
export interface Reach {
  /** Do API tokens end as well? Guards elsewhere that verify them by themselves know them for longer. */
  readonly endsApiTokens: boolean
  /** What belongs to the same account and does not end. */
  readonly leaves?: readonly (keyof typeof LEFT)[]
}

/**
 * Says when the tokens that a command ends are refused, and what it cannot end, in seconds.
 *
 * @param place Where the store is: several replicas learn of it later than the servers of a folder.
 */
export function describeReach({ endsApiTokens, leaves = [] }: Reach, place: StorePlace): string {
  const longest = endsApiTokens
    ? `access tokens up to ${MAX_ACCESS_SECONDS} s, API tokens up to ${MAX_API_SECONDS} s`
    : `up to ${MAX_ACCESS_SECONDS} s`
  return [
    `When: ${place.databaseUrl === undefined ? 'in this broker within 1 s' : 'on every replica within 2 s'}, at guards with "revocable" within 6 s. Other guards accept what they verify by themselves until it expires: ${longest}.`,
    ...(leaves.length > 0 ? [`Not ended: ${leaves.map((name) => LEFT[name]).join('; ')}.`] : []),
  ].join('\n')
}
