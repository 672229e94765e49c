import { STATUS_CODES } from 'node:http'
import { BrokerError } from '../../errors.ts'
import type { RenderedError } from '../../http/error-handler.ts'
import type { DownloadRefusal } from '../../issuer/download-access.ts'

/** 401: no credential where one is needed, or an invalid one; the API prescribes the detail. */
export class NotAuthenticatedError extends BrokerError {
  constructor(detail = 'Not authenticated') {
    super(401, 'not_authenticated', detail, { 'WWW-Authenticate': 'Bearer' })
  }
}

/** 403: a read-only API token, which cannot make download tokens. */
export class ReadOnlyKeyError extends BrokerError {
  constructor() {
    super(403, 'read_only', 'This API key is read-only')
  }
}

/** 404: no such dataset, or none that the client may read; the response does not say which. */
export class DatasetNotFoundError extends BrokerError {
  constructor() {
    super(404, 'dataset_not_found', 'Dataset not found')
  }
}

/** 404: the file of the dataset is missing. */
export class RasterNotFoundError extends BrokerError {
  constructor() {
    super(404, 'raster_not_found', 'Raster asset not found')
  }
}

/** 400: the dataset is not a raster. */
export class NotARasterError extends BrokerError {
  constructor() {
    super(400, 'not_a_raster', 'Not a raster dataset')
  }
}

/** 422: the id in the path is not a UUID. */
export class InvalidIdError extends BrokerError {
  constructor() {
    super(422, 'validation_error', 'path.dataset_id: Input should be a valid UUID')
  }
}

/** The details that the API prescribes. */
const DETAILS: Readonly<Record<Exclude<DownloadRefusal, 'no dataset'>, string>> = {
  'no account': 'Authentication required',
  'invalid token': 'Invalid or expired download token',
  'another kind of token':
    "Query-param ?token= requires a download-scoped JWT (typ='download'); use Authorization header for session tokens",
  'token for another dataset': 'Download token scope does not match this dataset',
}

/** The error for a refused download. */
export function toDownloadError(refusal: DownloadRefusal): BrokerError {
  if (refusal === 'no dataset') return new DatasetNotFoundError()
  return new NotAuthenticatedError(DETAILS[refusal])
}

/** Headers of the file that is not sent after all. */
const OF_THE_FILE = ['Content-Disposition', 'ETag', 'Last-Modified', 'Accept-Ranges']

/** Renders an error of this surface as a problem. @see RFC 9457 §3 */
export function renderProblem({ status, message }: BrokerError): RenderedError {
  const title = status === 422 ? 'Validation Error' : (STATUS_CODES[status] ?? 'Error')
  return {
    body: { type: 'about:blank', title, status, detail: message },
    type: 'application/problem+json',
    withdrawn: OF_THE_FILE,
  }
}
