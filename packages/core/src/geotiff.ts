import { BaseClient, BaseResponse } from 'geotiff'
import type { TokenManager } from './token-manager.ts'

/**
 * A client for `fromCustomClient()` of geotiff whose range requests carry the token: they wait for it,
 * and are made again when the server refuses it. An answer that is not 2xx rejects with its `status`.
 *
 * geotiff may keep a failed read (geotiff.js #381), so give the manager a `waitLimit` that outlasts a
 * short failure of the broker.
 */
export function createGeotiffClient(tokens: Pick<TokenManager, 'fetch'>, url: string): BaseClient {
  return new TokenClient(tokens, url)
}

class TokenClient extends BaseClient {
  readonly #tokens: Pick<TokenManager, 'fetch'>

  constructor(tokens: Pick<TokenManager, 'fetch'>, url: string) {
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
    // geotiff's own error would not tell the status.
    throw Object.assign(new Error(`The image's server answered ${status}.`), { status })
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
