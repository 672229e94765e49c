import { BlockList, isIP, isIPv4 } from 'node:net'
import fc from 'fast-check'
import { expect } from 'vitest'
import { toAddressKey } from '../../../server/src/http/address-key.ts'
import type { Target } from '../target.ts'

interface Input {
  readonly address: string
  readonly other: string
}

const mapped = fc
  .tuple(fc.constantFrom('::ffff:', '::FFFF:', '0:0:0:0:0:ffff:', '0::ffff:', '::'), fc.ipV4())
  .map((parts) => parts.join(''))
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  mapped,
  fc.ipV6().map((text) => `${text}%eth0`),
)
const group = fc.constantFrom('0', '1', 'ffff', '00a', 'A')
const sibling = fc.tuple(group, group).map(([one, two]) => `2001:db8:1:${one}::${two}`)

/** Two addresses have one key exactly if they are one IPv4 address, or in one /64, by Node's block list. */
export const addressKey: Target<Input> = {
  name: 'address-key',
  arbitrary: fc.record({
    address: fc.oneof(address, sibling),
    other: fc.oneof(address, sibling),
  }),
  check: ({ address, other }) => {
    const key = toAddressKey(address)
    if (isIP(withoutZone(address)) === 0) {
      expect(key).not.toMatch(/\/64$/)
      return false
    }
    if (isIP(withoutZone(other)) === 0) return false
    const list = new BlockList()
    const v4 = findIpv4(address)
    if (v4 !== undefined) list.addAddress(v4)
    else list.addSubnet(withoutZone(address), 64, 'ipv6')
    const otherV4 = findIpv4(other)
    const isSame =
      (v4 === undefined) === (otherV4 === undefined) &&
      list.check(otherV4 ?? withoutZone(other), otherV4 === undefined ? 'ipv6' : 'ipv4')
    expect(toAddressKey(other) === key).toBe(isSame)
    return true
  },
}

const withoutZone = (address: string) => address.replace(/%.*$/s, '')

/** The IPv4 address that the URL parser finds behind an address, if there is one. */
function findIpv4(address: string): string | undefined {
  if (isIPv4(withoutZone(address))) return withoutZone(address)
  const { hostname } = new URL(`http://[${withoutZone(address)}]`)
  const [, high = '', low = ''] = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(hostname) ?? []
  if (high === '') return
  const number = Number.parseInt(high, 16) * 2 ** 16 + Number.parseInt(low, 16)
  return new URL(`http://${number}`).hostname
}
