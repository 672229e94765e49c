const KEY_TYPES: Readonly<Record<string, { kty: string; crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
}

/** Is this a public-key signature algorithm that we can verify? Algorithms with a shared secret never are. */
export function isSupportedAlgorithm(algorithm: string): boolean {
  return Object.hasOwn(KEY_TYPES, algorithm)
}

/** Can a key of this type and curve verify signatures of the algorithm? */
export function isKeyTypeOf(algorithm: string, kty: unknown, crv: unknown): boolean {
  const type = Object.hasOwn(KEY_TYPES, algorithm) ? KEY_TYPES[algorithm] : undefined
  return type?.kty === kty && (type?.crv === undefined || type.crv === crv)
}
