export {
  type Broker,
  type BrokerOptions,
  type BrokerSettings,
  createBroker,
  type Listening,
} from './broker/broker.ts'
export type { GrantSettings } from './grants/issued-grant.ts'
export type { RelayedGrantSettings } from './grants/relayed-grant.ts'
export { createProtectedServer, type ProtectedServerOptions } from './http/create-server.ts'
export { ConfigError } from './settings/config-error.ts'
export { SealedStoreError, StoreUnavailableError } from './store/errors.ts'
export {
  UpstreamInvalidError,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from './upstreams/errors.ts'
export type { Call, Send } from './upstreams/send.ts'
export type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstreams/upstream.ts'
