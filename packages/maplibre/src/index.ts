export type { Tokens } from '@tilepass/core'
export {
  createMapAuthorizer,
  type MapAuthorizer,
  type MapAuthorizerOptions,
} from './map-authorizer.ts'
export type { AddProtocol, MapLike, RequestParameters } from './maplibre-shapes.ts'
