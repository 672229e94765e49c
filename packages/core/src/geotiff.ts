import { BaseClient, BaseResponse } from 'geotiff'
import type { TokenFetch } from './token-manager.ts'

/**
 * Creates a client for geotiff's `fromCustomClient()` whose range requests carry the token: they wait for
 * it, and are replayed if the server refuses it. An answer other than 2xx rejects with its `status`.
 *
 * geotiff may cache a failed read (geotiff.js #381), so give the manager a `waitLimit` that outlasts a short
 * failure of the token endpoint.
 */
export function createGeotiffClient(tokens: TokenFetch, url: string): BaseClient {
  return new TokenClient(tokens, url)
}

class TokenClient extends BaseClient {
  readonly #tokens: TokenFetch

  constructor(tokens: TokenFetch, url: string) {
    super(url)
    this.#tokens = tokens
  }

  override async request({ headers, signal }: RequestInit = {}): Promise<BaseResponse> {
    const response = await this.#tokens.fetch(this.url, {
      ...(headers ? { headers } : {}),
      signal: signal ?? null,
    })
    if (response.ok) return new FetchedResponse(response)
    const { status } = response
    void response.body?.cancel()
    // geotiff's own error would lack the status.
    throw Object.assign(new Error(`The image server answered ${status}.`), { status })
  }
}

class FetchedResponse extends BaseResponse {
  readonly #response: Response

  constructor(response: Response) {
    super()
    this.#response = response
  }

  override get status(): number {
    return this.#response.status
  }

  override getHeader(name: string): string | undefined {
    return this.#response.headers.get(name) ?? undefined
  }

  override getData(): Promise<ArrayBuffer> {
    return this.#response.arrayBuffer()
  }
}
