import type { Router } from 'express'
import { openToEveryOrigin } from '../../http/cors.ts'
import { createErrorHandler } from '../../http/error-handler.ts'
import type { PublicUrl } from '../../http/public-url.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import type { RequestReporter } from '../../observe/failures.ts'
import { renderRegisteredError } from './errors.ts'
import { ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE } from './token-exchange.ts'

/** What the route of the metadata needs. */
export interface MetadataRouteParts {
  readonly issuer: string
  /** Base of the URLs in the metadata; by default the issuer. */
  readonly publicUrl: PublicUrl
  readonly report: RequestReporter
}

const PATH = '/.well-known/oauth-authorization-server'

/**
 * `GET /.well-known/oauth-authorization-server`, followed by the path of the issuer if it has one.
 *
 * Clients look for it at the root of the host. With a path in the issuer it is also served without
 * that path, for clients that append `/.well-known/…` to the issuer.
 *
 * @see RFC 8414 §3.1
 */
export function createMetadataRoute({ issuer, publicUrl, report }: MetadataRouteParts): Router {
  const router = createRouter()
  const { pathname } = new URL(issuer)
  const paths = [PATH, ...(pathname === '/' ? [] : [PATH + escapePath(pathname)])]
  for (const path of paths)
    addRoute(router, path, {
      get: (_request, response) => {
        openToEveryOrigin(response)
        response
          .set('Cache-Control', 'public, max-age=3600')
          .json(toMetadata(issuer, publicUrl.current ?? issuer))
      },
    })
  router.use(paths, createErrorHandler(renderRegisteredError, report))
  return router
}

// Express reads some characters of a path as a pattern.
function escapePath(path: string): string {
  return path.replace(/[{}()[\]+?!:*\\]/g, '\\$&')
}

const CLIENT_METHODS = ['client_secret_basic', 'client_secret_post']

/**
 * The metadata by which clients discover the endpoints.
 *
 * @param base URL of the broker's routes.
 * @see RFC 8414 §2
 */
function toMetadata(issuer: string, base: string): object {
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
