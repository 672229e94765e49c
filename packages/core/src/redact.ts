const CREDENTIAL =
  /([?&][^=&#\s]*(?:token|key|sig|secret)[^=&#\s]*=)[^&#\s"')]+|(\bBearer\s+)[\w.~+/=-]+|()\beyJ[\w-]*\.[\w-]+\.[\w-]*/gi

/**
 * Replaces everything in a text that looks like a credential (query parameters named like one,
 * bearer headers, JWTs) and every given secret by `…`.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  let clean = text
  for (const secret of secrets) {
    clean = clean.replaceAll(secret, '…').replaceAll(encodeURIComponent(secret), '…')
  }
  return clean.replace(CREDENTIAL, (_match, query = '', bearer = '') => `${query}${bearer}…`)
}
