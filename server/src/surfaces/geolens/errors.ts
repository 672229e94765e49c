import { BrokerError } from '../../errors.ts'

/** 401: no credential where one is needed, or one that is not good; the detail is its API's own. */
export class NotAuthenticatedError extends BrokerError {
  constructor(detail = 'Not authenticated') {
    super(401, 'not_authenticated', detail, { 'WWW-Authenticate': 'Bearer' })
  }
}

/** 403: an API token that may look and never make. */
export class ReadOnlyKeyError extends BrokerError {
  constructor() {
    super(403, 'read_only', 'This API key is read-only')
  }
}

/** 404: no such dataset, or none for this caller; which of them stays here. */
export class DatasetNotFoundError extends BrokerError {
  constructor() {
    super(404, 'dataset_not_found', 'Dataset not found')
  }
}

/** 404: the dataset's file is gone. */
export class RasterNotFoundError extends BrokerError {
  constructor() {
    super(404, 'raster_not_found', 'Raster asset not found')
  }
}

/** 400: the dataset is no raster. */
export class NotARasterError extends BrokerError {
  constructor() {
    super(400, 'not_a_raster', 'Not a raster dataset')
  }
}

/** 422: the path's id is no UUID. */
export class InvalidIdError extends BrokerError {
  constructor() {
    super(422, 'validation_error', 'path.dataset_id: Input should be a valid UUID')
  }
}
