/**
 * The URL at which clients reach the broker, for the links in its answers. A broker that listens
 * without a configured URL learns it late, so it is read at each request.
 */
export interface PublicUrl {
  /** `undefined` if it is unknown. */
  readonly current: string | undefined
}
