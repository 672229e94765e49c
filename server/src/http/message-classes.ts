import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http'

/** What `createServer` of Node makes requests and responses of. */
export interface MessageClasses {
  readonly IncomingMessage: typeof IncomingMessage
  readonly ServerResponse: typeof ServerResponse
  /** From now on the messages are born with the prototypes of this handler, if it is an app of Express. */
  adopt(handler: RequestListener): void
}

/** Are both functions, as in every Node so far? A constructor made by `class` cannot fill an existing object. */
const CAN_ADOPT = [IncomingMessage, ServerResponse].every(
  (Base) => Object.getOwnPropertyDescriptor(Base, 'prototype')?.writable,
)

/**
 * Creates the classes of one server's messages.
 *
 * Express changes the prototype of every request and response, unless it is already the right one. After
 * such a change, V8 keeps what a message holds through several garbage collections, and copies it in each:
 * that takes half of the time of a small request.
 */
export function createMessageClasses(): MessageClasses {
  if (!CAN_ADOPT) return { IncomingMessage, ServerResponse, adopt() {} }
  const requests = createSubclass(IncomingMessage)
  const responses = createSubclass(ServerResponse)
  return {
    IncomingMessage: requests,
    ServerResponse: responses,
    adopt(handler) {
      const { request, response } = handler as { request?: unknown; response?: unknown }
      if (request instanceof IncomingMessage) requests.prototype = request
      if (response instanceof ServerResponse) responses.prototype = response
    },
  }
}

/** A class whose prototype can be replaced, as that of `class` cannot. */
function createSubclass<Class extends typeof IncomingMessage | typeof ServerResponse>(
  Base: Class,
): Class {
  function Message(this: object, ...args: unknown[]): void {
    Reflect.apply(Base, this, args)
  }
  Message.prototype = Base.prototype
  return Message as unknown as Class
}
