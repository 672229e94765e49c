import { BrokerError } from '../errors.ts'

/** 409: it is there already, or in a state that forbids this. */
export class ConflictError extends BrokerError {
  constructor(description: string) {
    super(409, 'conflict', description)
  }
}
