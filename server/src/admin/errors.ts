import { BrokerError, NotFoundError } from '../errors.ts'
import type { SecretKeySummary } from '../issuer/secret-key-rotation.ts'

/** 409: it exists already, or its state does not allow the change. */
export class ConflictError extends BrokerError {
  constructor(description: string) {
    super(409, 'conflict', description)
  }
}

/** 409: there are so many keys of this purpose that one must be revoked first. */
export class TooManySecretKeysError extends ConflictError {
  readonly oldest: SecretKeySummary

  constructor(oldest: SecretKeySummary) {
    super(`There are too many keys; the oldest is ${oldest.id}`)
    this.oldest = oldest
  }
}

/** 404: no account has this name. */
export class NoSuchAccountError extends NotFoundError {
  constructor() {
    super('There is no such account')
  }
}

/** 409: the account is disabled, so nothing new can be made for it. */
export class DisabledAccountError extends ConflictError {
  readonly account: string

  constructor(account: string) {
    super('The account is disabled')
    this.account = account
  }
}
