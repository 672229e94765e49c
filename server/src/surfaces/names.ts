/**
 * The HTTP APIs that the configuration can switch off, each in the folder of its name:
 *
 * - `map-token`: `/map-token`
 * - `geog`: `/v1/auth/token`, `/v1/tiles`, `/v1/places`, `/v1/billing`, `/v1/admin`
 * - `geolens`: `/auth/download-token`, `/datasets`
 * - `login`: `/token`, `/token/refresh`, `/logout`, `/account`
 * - `mapbox`: `/tokens/v2`, `/scopes/v1`
 * - `oauth`: `/oauth`, `/.well-known/oauth-authorization-server`
 *
 * Two surfaces are not in this list: `well-known` (the key set and the revocations below
 * `/.well-known`) is always on, and `verify` (`/verify`) is on if it is configured.
 */
export const SURFACE_NAMES = ['map-token', 'geog', 'geolens', 'login', 'mapbox', 'oauth'] as const

/** The name of an HTTP API in the configuration. */
export type SurfaceName = (typeof SURFACE_NAMES)[number]
