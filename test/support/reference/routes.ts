/** What a reader wants to know of a route. */
export interface RouteFacts {
  readonly what: string
  /** The credential and the scope. */
  readonly needs: string
}

const ADMIN = '`admin:access`'
const API_TOKEN = 'an API token'
const SESSION = 'a session token'
const CLIENT = 'a client: an API token as `client_id` (its id) and `client_secret`'

/** The routes of the broker; a test compares the list with its router. */
export const ROUTES: Readonly<Record<string, RouteFacts>> = {
  'POST /map-token': {
    what: 'an access token for a page: `{ grant?, dataset? }`; 600 a minute and address (`mapTokenPerMinute`)',
    needs: 'what the [grant](../grants.md) says',
  },
  'GET /.well-known/jwks.json': { what: 'the public keys', needs: '–' },
  'GET /.well-known/revocations.json': {
    what: 'what was revoked, as hashes of ids; `?since=` for what is new',
    needs: '–',
  },
  'POST /v1/auth/token': {
    what: 'exchanges an API token for an access token: `{ ttl?, scope? }`',
    needs: API_TOKEN,
  },
  'GET /v1/billing/usage': {
    what: 'uses per day and token of the organisation: `?from=&to=`',
    needs: '`billing:manage`',
  },
  'GET /v1/admin/accounts': { what: 'lists the accounts by name: `?limit=&after=`', needs: ADMIN },
  'POST /v1/admin/accounts': { what: 'creates an account: `{ name, … }`', needs: ADMIN },
  'POST /v1/admin/accounts/:name/disable': { what: 'disables an account', needs: ADMIN },
  'POST /v1/admin/accounts/:name/expire': {
    what: 'ends everything of the account but its API tokens, `pk` and `sk`',
    needs: ADMIN,
  },
  'GET /v1/admin/tokens': {
    what: 'lists the API tokens, never their strings, the newest first: `?limit=&before=`',
    needs: ADMIN,
  },
  'POST /v1/admin/tokens': {
    what: 'creates an API token, no wider than the one that asks',
    needs: ADMIN,
  },
  'DELETE /v1/admin/tokens/:id': {
    what: 'revokes an API token and what came from it',
    needs: ADMIN,
  },
  'POST /v1/admin/tokens/:id/expire': {
    what: 'ends what came from an API token so far',
    needs: ADMIN,
  },
  'GET /v1/admin/keys': { what: 'lists the signing keys', needs: ADMIN },
  'POST /v1/admin/keys/rotate': {
    what: 'adds a signing key, which signs in an hour',
    needs: ADMIN,
  },
  'GET /v1/admin/audit': {
    what: 'the audit trail: `?since=&actor=&action=&limit=&before=`',
    needs: ADMIN,
  },
  'GET /v1/places': {
    what: 'points by name, as GeoJSON: `?q=&limit=`; only with `geog.places`',
    needs: '`places:read`',
  },
  'GET /v1/tiles/:tileset/metadata': {
    what: 'the TileJSON of a tileset; only with `tilesets`',
    needs:
      '`tiles:read`, in the header, in `?access_token=` or, if a grant has `tokenCookie`, in the cookie',
  },
  'GET /v1/tiles/:tileset/:z/:x/:file': {
    what: 'a tile, as in `/v1/tiles/world/4/8/5.mvt`: `mvt`, `pbf`, `webp`, `png` or `jpg`; 204 where it is empty',
    needs: '`tiles:read`, as above',
  },
  'POST /auth/download-token/:id': {
    what: 'a token of 120 s at most for one dataset; 60 a minute and caller (`downloadTokensPerMinute`)',
    needs: `nothing for a public dataset; else ${SESSION} or ${API_TOKEN} of its owner (\`Authorization\`, \`X-Api-Key\` or \`?api_key=\`)`,
  },
  'GET /datasets/:id/download/cog': {
    what: 'the file of a dataset, whole or in ranges',
    needs: 'a download token in `?token=`',
  },
  'POST /token': {
    what: 'signs in: `{ username, password }`; refreshes: `{ refresh_token }`',
    needs: '–',
  },
  'POST /token/refresh': { what: 'refreshes: `{ refresh_token }`, or the cookie', needs: '–' },
  'POST /logout': { what: 'ends the session', needs: `${SESSION} or a refresh token` },
  'GET /account': { what: 'name, organisation and e-mail address', needs: SESSION },
  'POST /account/password': {
    what: 'changes the password: `{ password, new_password }`',
    needs: SESSION,
  },
  'GET /tokens/v2': {
    what: 'whether a token is valid, and its content',
    needs: 'the token itself',
  },
  'GET /tokens/v2/:username': { what: 'lists tokens', needs: '`tokens:read`' },
  'POST /tokens/v2/:username': {
    what: 'creates a token; with `expires` a temporary one',
    needs: '`tokens:write`',
  },
  'PATCH /tokens/v2/:username/:id': { what: 'changes a token', needs: '`tokens:write`' },
  'DELETE /tokens/v2/:username/:id': { what: 'revokes a token', needs: '`tokens:write`' },
  'GET /scopes/v1/:username': { what: 'lists scopes', needs: '`scopes:list`' },
  'POST /oauth/token': {
    what: 'exchanges an API token (RFC 8693); also `tilesets`, `bbox`, `minzoom`, `maxzoom`',
    needs: 'the API token as `subject_token`',
  },
  'POST /oauth/introspect': { what: 'describes a token (RFC 7662)', needs: CLIENT },
  'POST /oauth/revoke': {
    what: 'revokes a token (RFC 7009); 60 a minute and client',
    needs: CLIENT,
  },
  'GET /.well-known/oauth-authorization-server': {
    what: 'the metadata (RFC 8414)',
    needs: '–',
  },
  'GET /verify': {
    what: 'whether a request may pass: 204, 401 or 403, and the actual status in `X-Tilepass-Status`',
    needs: 'the address of a gateway (`verify.peers`)',
  },
  'GET /metrics': {
    what: 'metrics in the text format of Prometheus',
    needs: 'the address of the listener',
  },
  'GET /healthz': { what: 'the process answers', needs: '–' },
  'GET /readyz': {
    what: '`ready`, `degraded` (with the names of refusing upstreams and closed grants) or, with 503, `unavailable` with `reasons`',
    needs: '–',
  },
}
