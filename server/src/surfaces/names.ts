/** Every HTTP API of the broker; each can be switched off by configuration. */
export const SURFACE_NAMES = ['map-token', 'geog', 'geolens', 'login', 'mapbox', 'oauth'] as const

/** Name of an HTTP API, as the configuration calls it. */
export type SurfaceName = (typeof SURFACE_NAMES)[number]
