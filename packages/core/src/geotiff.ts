import { BaseClient, BaseResponse } from 'geotiff'
import type { TokenManager } from './token-manager.ts'

class FetchedRange extends BaseResponse {
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

class TokenClient extends BaseClient {
  readonly #tokens: Pick<TokenManager, 'fetch'>

  constructor(tokens: Pick<TokenManager, 'fetch'>, url: string) {
    super(url)
    this.#tokens = tokens
  }

  // geotiff.js keeps a rejected block for good (geotiff.js #381), hence the wait for a token, not an error.
  override async request({ headers, signal }: RequestInit = {}): Promise<BaseResponse> {
    const init = { ...(headers && { headers }), signal: signal ?? null }
    return new FetchedRange(await this.#tokens.fetch(this.url, init))
  }
}

/**
 * A client for `fromCustomClient` of geotiff.js: reads a Cloud Optimized GeoTIFF by ranges, each with a
 * token that is valid when it leaves; a refused one is renewed and the range asked for once more.
 *
 * @see https://geotiffjs.github.io/geotiff.js/
 */
export function createGeotiffClient(tokens: Pick<TokenManager, 'fetch'>, url: string): BaseClient {
  return new TokenClient(tokens, url)
}
