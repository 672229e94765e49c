export { type Broker, type BrokerOptions, createBroker } from './broker.ts'
export { ConfigError } from './config-error.ts'
export type { GrantSettings } from './issuer/grant.ts'
export { StoreUnavailableError } from './store/errors.ts'
