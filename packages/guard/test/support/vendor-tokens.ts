import { NOW } from './issuer.ts'

/** An access token as an issuer documents it. What is the same in every token is left out of the payload. */
export interface VendorToken {
  /** The row of docs/guard/any-issuer.md. */
  readonly vendor: string
  readonly algorithm?: 'ES256'
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  /** The claims that a handler gets. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Other tokens of the issuer, as changes of the payload: none of them opens tiles. */
  readonly others: readonly Readonly<Record<string, unknown>>[]
}

const iat = NOW / 1000
const exp = iat + 300
const TENANT = '11111111-2222-3333-4444-555555555555'
const API = '66666666-7777-8888-9999-000000000000'
const USER = 'f3b7a3a0-0c1d-4a5e-9a55-0c2b9a8b7c6d'

export const VENDOR_TOKENS: readonly VendorToken[] = [
  {
    vendor: 'Keycloak',
    header: { typ: 'JWT' },
    payload: {
      ...{ exp, iat, auth_time: iat - 5, jti: 'onrtac:1f2e3d4c', typ: 'Bearer', azp: 'map' },
      iss: 'https://keycloak.example/realms/maps',
      aud: ['tiles', 'account'],
      sub: USER,
      ...{ sid: 'b9c1', acr: '1', 'allowed-origins': ['https://map.example'] },
      realm_access: { roles: ['offline_access', 'default-roles-maps'] },
      resource_access: { account: { roles: ['manage-account'] } },
      ...{ scope: 'openid tiles:read profile', email_verified: true, preferred_username: 'ada' },
    },
    claims: { sub: USER, client_id: 'map', scope: 'openid tiles:read profile', sid: 'b9c1' },
    others: [{ typ: 'ID' }, { typ: 'Refresh' }, { typ: 'Offline' }, { aud: 'account' }],
  },
  {
    vendor: 'Keycloak, lightweight',
    header: { typ: 'JWT' },
    payload: {
      ...{ exp, iat, jti: 'onltac:1f2e3d4c', iss: 'https://keycloak.example/realms/maps' },
      ...{ typ: 'Bearer', azp: 'map', sid: 'b9c1', scope: 'openid tiles:read' },
    },
    claims: { sub: undefined, client_id: 'map', jti: 'onltac:1f2e3d4c' },
    others: [{ typ: 'Refresh' }, { azp: 'another' }, { azp: undefined }],
  },
  {
    vendor: 'Entra ID, v2',
    header: { typ: 'JWT' },
    payload: {
      aud: API,
      iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      ...{ iat, nbf: iat, exp, aio: 'AUQAu/8TAAAA', azp: '0a0a0a0a', azpacr: '0' },
      ...{ name: 'Ada', oid: USER, preferred_username: 'ada@tiles.example', rh: '0.AXoA' },
      ...{ scp: 'tiles.read offline', sub: 'HKZpfaHyWadeOouYlitjrI', tid: TENANT, uti: 'fqiBq' },
      ver: '2.0',
    },
    claims: { sub: 'HKZpfaHyWadeOouYlitjrI', client_id: '0a0a0a0a', scope: 'tiles.read offline' },
    others: [{ aud: '0a0a0a0a' }, { at_hash: 'x' }, { c_hash: 'x' }],
  },
  {
    vendor: 'Entra ID, v1',
    header: { typ: 'JWT', x5t: 'i6lGk3FZzxRcUb2C3nEQ7syHJlY' },
    payload: {
      aud: `api://${API}`,
      iss: `https://sts.windows.net/${TENANT}/`,
      ...{ iat, nbf: iat, exp, acr: '1', aio: 'AXQAi/8IAAAA', amr: ['pwd'], appid: '0a0a0a0a' },
      ...{ appidacr: '0', family_name: 'L', given_name: 'Ada', ipaddr: '192.0.2.1', name: 'Ada L' },
      ...{ oid: USER, rh: '0.AXoA', scp: 'tiles.read', sub: 'l3_roISQU222bULS9yi2k0', tid: TENANT },
      ...{ unique_name: 'ada@tiles.example', upn: 'ada@tiles.example', uti: 'z5Kq', ver: '1.0' },
    },
    claims: { sub: 'l3_roISQU222bULS9yi2k0', client_id: '0a0a0a0a', scope: 'tiles.read' },
    others: [{ aud: API }, { at_hash: 'x' }],
  },
  {
    vendor: 'AD FS',
    header: { typ: 'JWT', x5t: 'ZEyG0xzvqYsLR1N' },
    payload: {
      aud: 'microsoft:identityserver:https://tiles.example',
      iss: 'http://adfs.example/adfs/services/trust',
      ...{ iat, nbf: iat, exp, apptype: 'Public', appid: '0a0a0a0a', ver: '1.0' },
      authmethod: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      ...{ auth_time: '2027-01-15T08:00:00.000Z', scp: 'tiles.read openid' },
    },
    claims: { sub: undefined, client_id: '0a0a0a0a', scope: 'tiles.read openid' },
    others: [{ aud: '0a0a0a0a' }, { c_hash: 'x' }],
  },
  {
    vendor: 'Okta',
    header: {},
    payload: {
      ...{ ver: 1, jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE' },
      iss: 'https://okta.example/oauth2/default',
      ...{ aud: 'api://default', iat, exp, cid: 'nmdP1fcyvdVO11AL7ECm', uid: '00ujmkLgagxeRrAg' },
      ...{ scp: ['openid', 'tiles:read'], auth_time: iat - 9, sub: 'ada@tiles.example' },
    },
    claims: {
      sub: 'ada@tiles.example',
      client_id: 'nmdP1fcyvdVO11AL7ECm',
      scope: 'openid tiles:read',
    },
    others: [{ aud: 'nmdP1fcyvdVO11AL7ECm', at_hash: 'x' }, { at_hash: 'x' }],
  },
  {
    vendor: 'Auth0',
    header: { typ: 'JWT' },
    payload: {
      ...{ iss: 'https://tenant.auth0.example/', sub: 'auth0|6553da60a54af58e29493993' },
      aud: ['https://tiles.example', 'https://tenant.auth0.example/userinfo'],
      ...{ iat, exp, scope: 'openid tiles:read', azp: 'K1AUPhZq8mRi0Q0p', org_id: 'org_9yb' },
      permissions: ['tiles:read'],
    },
    claims: {
      sub: 'auth0|6553da60a54af58e29493993',
      client_id: 'K1AUPhZq8mRi0Q0p',
      org_id: 'org_9yb',
    },
    others: [{ aud: 'K1AUPhZq8mRi0Q0p' }, { at_hash: 'x' }],
  },
  {
    vendor: 'Amazon Cognito',
    header: {},
    payload: {
      ...{ sub: USER, 'cognito:groups': ['maps'], token_use: 'access', auth_time: iat, version: 2 },
      iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdefghi',
      ...{ client_id: '1example23456789', origin_jti: 'a1b2', event_id: 'c3d4', iat, exp },
      ...{ scope: 'tiles/read openid', jti: 'e5f6', username: 'ada' },
    },
    claims: { sub: USER, client_id: '1example23456789', scope: 'tiles/read openid', jti: 'e5f6' },
    others: [
      { token_use: 'id' },
      { token_use: 'id', client_id: undefined, aud: '1example23456789' },
      { client_id: 'another' },
    ],
  },
  {
    vendor: 'Zitadel',
    header: { typ: 'JWT' },
    payload: {
      ...{ iss: 'https://zitadel.example', sub: '123456789012345678', jti: 'V2_1', iat, nbf: iat },
      ...{ aud: ['345678901234567890@maps', '234567890123456789'], exp, azp: '345678@maps' },
      client_id: '345678901234567890@maps',
    },
    claims: { sub: '123456789012345678', client_id: '345678901234567890@maps' },
    others: [{ at_hash: 'x' }, { aud: ['345678901234567890@maps'] }],
  },
  {
    vendor: 'Authentik',
    header: { typ: 'JWT' },
    payload: {
      ...{ iss: 'https://authentik.example/application/o/tiles/', sub: 'a'.repeat(64), iat, exp },
      ...{
        aud: 'client-of-the-map',
        auth_time: iat,
        acr: 'goauthentik.io/providers/oauth2/default',
      },
      ...{ nonce: 'n-0S6', sid: 'c'.repeat(64), email: 'ada@tiles.example', groups: ['maps'] },
      ...{ azp: 'client-of-the-map', uid: 'kqX3', scope: 'openid tiles:read' },
    },
    claims: { sub: 'a'.repeat(64), client_id: 'client-of-the-map', scope: 'openid tiles:read' },
    others: [{ azp: undefined, uid: undefined, scope: undefined }, { at_hash: 'x' }],
  },
  {
    vendor: 'Ory Hydra',
    header: { typ: 'JWT' },
    payload: {
      ...{ aud: ['https://tiles.example'], client_id: '9b0f', ext: { tenant: 'a' }, exp, iat },
      ...{ iss: 'https://hydra.example', jti: 'c1d2', nbf: iat, scp: ['tiles:read'], sub: 'ada' },
    },
    claims: { sub: 'ada', client_id: '9b0f', scope: 'tiles:read', jti: 'c1d2' },
    others: [{ aud: [] }, { at_hash: 'x' }],
  },
  {
    vendor: 'Google IAP',
    algorithm: 'ES256',
    header: { typ: 'JWT' },
    payload: {
      ...{ iss: 'https://cloud.google.com/iap', sub: 'accounts.google.com:1234567890', iat, exp },
      aud: '/projects/1234567890/global/backendServices/9876543210',
      ...{ email: 'ada@tiles.example', hd: 'tiles.example', google: { access_levels: [] } },
    },
    claims: { sub: 'accounts.google.com:1234567890', scope: '' },
    others: [{ aud: '/projects/1234567890/global/backendServices/1' }],
  },
  {
    vendor: 'oidc-provider',
    header: { typ: 'at+jwt' },
    payload: {
      ...{ jti: 'Wq1', sub: 'map', iat, exp, scope: 'tiles:read', client_id: 'map' },
      ...{ iss: 'https://oidc.example', aud: 'https://tiles.example' },
    },
    claims: { sub: 'map', client_id: 'map', scope: 'tiles:read', jti: 'Wq1' },
    others: [{ aud: 'map', at_hash: 'x' }, { cnf: { jkt: 'x' } }],
  },
  {
    vendor: 'Tilepass broker',
    header: { typ: 'JWT' },
    payload: {
      ...{ iss: 'https://broker.example', aud: 'https://broker.example', sub: 'tok_short_1' },
      ...{ jti: 'j1', iat, exp, scope: 'tiles:read', token_type: 'api_token', org_id: 'org_1' },
      parent: 'tok_1',
    },
    claims: { sub: 'tok_short_1', parent: 'tok_1', org_id: 'org_1', scope: 'tiles:read' },
    others: [{ token_type: 'session' }, { typ: 'download' }, { token_type: 'refresh' }],
  },
]
