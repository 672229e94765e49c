import { type AllowRule, createTokenManager } from '@tilepass/core'

const isQuery = new URLSearchParams(location.search).get('mode') === 'query'
const rules = ['https://tiles.example.com/v1/', '/v1/'].map(
  (prefix): AllowRule => (isQuery ? { prefix, attach: { query: 'access_token' } } : prefix),
)
/** What the recipes assume: a manager for the tiles of the documentation, and for the page's own origin. */
globalThis.tokens = createTokenManager('/map-token', { allow: rules })
