export { type Broker, type BrokerOptions, createBroker } from './broker.ts'
export { ConfigError } from './config-error.ts'
export type { GrantSettings } from './issuer/grant.ts'
export { StoreUnavailableError } from './store/errors.ts'
export {
  UpstreamInvalidError,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from './upstreams/errors.ts'
export type { RelayedGrantSettings } from './upstreams/grant.ts'
export type { Call, Send } from './upstreams/send.ts'
export type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstreams/upstream.ts'
