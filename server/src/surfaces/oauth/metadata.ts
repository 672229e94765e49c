import { ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE } from './token-exchange.ts'

const CLIENT_METHODS = ['client_secret_basic', 'client_secret_post']

/**
 * The metadata by which clients discover the endpoints.
 *
 * @param base URL of the broker's routes.
 * @see RFC 8414 §2
 */
export function toMetadata(issuer: string, base: string): object {
  return {
    issuer,
    token_endpoint: `${base}/oauth/token`,
    introspection_endpoint: `${base}/oauth/introspect`,
    revocation_endpoint: `${base}/oauth/revoke`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    // Required by the RFC although there is no authorization endpoint.
    response_types_supported: [],
    grant_types_supported: [TOKEN_EXCHANGE],
    token_endpoint_auth_methods_supported: ['none', ...CLIENT_METHODS],
    introspection_endpoint_auth_methods_supported: CLIENT_METHODS,
    revocation_endpoint_auth_methods_supported: CLIENT_METHODS,
    subject_token_types_supported: [ACCESS_TOKEN_TYPE],
  }
}
