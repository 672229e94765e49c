export { createTokenManager, TokenError } from '../../packages/core/src/index.ts'
export * from '../../packages/maplibre/src/index.ts'
