export { createTokenManager, TokenError } from '../../packages/core/src/index.ts'
export * from '../../packages/leaflet/src/index.ts'
