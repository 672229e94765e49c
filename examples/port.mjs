// @ts-check

/**
 * Reads the port from the variable `PORT`.
 *
 * @param {string | undefined} value Unset or empty means 8080.
 * @returns {number}
 * @throws {RangeError} If it is not a port.
 */
export function parsePort(value) {
  const text = value || '8080'
  const port = Number(text)
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port
  throw new RangeError(`PORT must be a number from 1 to 65535, but is "${text}".`)
}

/**
 * Says why a port could not be opened, and what to do.
 *
 * @param {unknown} error From `listen()`.
 * @param {number} port
 * @param {string} command The command that was run.
 * @returns {string}
 */
export function describePortError(error, port, command) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
  const remedy = `Choose another port: PORT=${port === 8080 ? 8081 : 8080} ${command}`
  if (code === 'EADDRINUSE') return `Port ${port} is in use. ${remedy}`
  return `Port ${port} cannot be opened: ${message}. ${remedy}`
}
