/**
 * The URL that a server with these settings would have: what a data folder's issuer becomes when a
 * command comes before the first server.
 */
export function findOwnUrl(env: Readonly<Record<string, string | undefined>>): string {
  return env.TILEPASS_PUBLIC_URL || `http://127.0.0.1:${env.TILEPASS_PORT || '8080'}`
}
