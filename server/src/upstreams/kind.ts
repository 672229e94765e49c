import type { z } from 'zod'
import type { Secret } from './secret.ts'
import type { Upstream } from './upstream.ts'

/** The settings that every kind has. */
export interface UpstreamSettings {
  readonly kind: string
  /** Limit of one request for a token, retries included, in seconds. */
  readonly timeoutSeconds: number
}

/** An upstream of a valid configuration: settings of some kind, or a custom function. */
export type ConfiguredUpstream = UpstreamSettings | Upstream

/** Fields of a grant that only some kinds support. */
export type GrantField = 'scope' | 'expiresInSeconds' | 'datasets'

/**
 * Whether a grant must have a field, may have it, or must leave it out. The reason completes the sentence
 * "an upstream of this kind …", as in "has no datasets".
 */
export type GrantFieldRule = 'required' | 'optional' | { readonly forbidden: string }

/** The opened secrets, by setting; `undefined` for optional settings that were left out. */
export type OpenedSecrets<Settings, Field extends string> = {
  readonly [Name in Field]: Name extends keyof Settings
    ? undefined extends Settings[Name]
      ? Secret | undefined
      : Secret
    : Secret | undefined
}

/**
 * Everything that the broker knows about one kind of upstream. To add a kind, write its descriptor in a
 * file of its own and add it to `UPSTREAM_KINDS`.
 */
export interface UpstreamKind<
  Schema extends z.ZodType = z.ZodType<ConfiguredUpstream>,
  SecretField extends string = string,
> {
  /** Value of `kind` in the settings. */
  readonly name: string
  readonly schema: Schema
  /**
   * Settings whose value is the source of a secret. A `'credential'` must never reach a page; a
   * `'username'` may, and its setting may also hold the name itself.
   */
  readonly secrets: Readonly<Record<SecretField, 'credential' | 'username'>>
  /**
   * Settings whose value a fault may quote, if the value matches. A pattern must not match anything that
   * could be a secret in the wrong place.
   */
  readonly quotable: Readonly<Record<string, RegExp>>
  readonly grantFields: Readonly<Record<GrantField, GrantFieldRule>>
  /** Longest lifetime that the API gives a token, in seconds; left out where it has no fixed limit. */
  readonly maxLifetimeSeconds?: number
  /**
   * Creates the function that requests tokens; sends nothing yet.
   *
   * @param settings Output of `schema`.
   * @param now Epoch ms.
   */
  open(
    settings: z.output<Schema>,
    secrets: OpenedSecrets<z.output<Schema>, SecretField>,
    now: () => number,
  ): Upstream
}

/** Does every request to this kind need a grant? It does if the kind requires a field of one. */
export function needsGrant({ grantFields }: Pick<UpstreamKind, 'grantFields'>): boolean {
  return Object.values(grantFields).includes('required')
}
