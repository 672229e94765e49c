import { describe, expect, test } from 'vitest'
import { createPeerTest, isPeerRange } from '../../src/node/peers.ts'

const invalid = ['localhost', '10.0.0.0/33', '10.0.0.0/8/8', '', '::1/129', '10.0.0.0/x', '10.0/8']

describe('a peer is an address, a network or loopback', () => {
  test.each(['10.0.0.5', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8', 'loopback'])(
    '%s is valid',
    (text) => {
      expect(isPeerRange(text)).toBe(true)
      expect(() => createPeerTest([text])).not.toThrow()
    },
  )

  test.each(invalid)('%j is refused, by name', (text) => {
    expect(isPeerRange(text)).toBe(false)
    expect(() => createPeerTest([text])).toThrow(TypeError)
    expect(() => createPeerTest([text])).toThrow(`(given: "${text}")`)
  })
})

test.each<[string, string | undefined, boolean]>([
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '::ffff:10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.5', '10.0.0.6', false],
  ['loopback', '127.1.2.3', true],
  ['loopback', '::1', true],
  ['fd00::/8', 'fd12::1', true],
  ['fd00::/8', 'fe12::1', false],
  ['0.0.0.0/0', undefined, false],
  ['0.0.0.0/0', 'unknown', false],
])('%s contains the connection from %s: %s', (peer, address, isTrusted) => {
  expect(createPeerTest([peer])(address)).toBe(isTrusted)
})
