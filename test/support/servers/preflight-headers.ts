import { send } from './raw-request.ts'

/** What preflights ask for, and whether a gateway allows it. */
export const PREFLIGHT_HEADERS: readonly (readonly [requested: string, isAllowed: boolean])[] = [
  ['baggage, sentry-trace,traceparent', true],
  ['authorization,baggage,x-forwarded-for', false],
  ['X_Tilepass_Subject', false],
  ['x-real-ip', false],
  ['forwarded,baggage', false],
  ['x-original-uri', false],
  ['x-http-method-override', false],
  ['a;b', false],
  ['x'.repeat(1_100), false],
]

/** What a preflight of a page with these request headers is allowed to send. */
export async function askPreflight(url: string, path: string, requested: string): Promise<string> {
  const page = {
    origin: 'https://maps.example',
    'access-control-request-method': 'GET',
    'access-control-request-headers': requested,
  }
  const { headers } = await send(url, path, page, 'OPTIONS')
  return String(headers['access-control-allow-headers'])
}
