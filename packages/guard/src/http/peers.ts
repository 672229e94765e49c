import { BlockList, isIP } from 'node:net'

const LOOPBACK = ['127.0.0.0/8', '::1']

/**
 * Creates the test whether a connection comes from one of these addresses.
 *
 * @param peers Addresses, networks such as `10.0.0.0/8`, or `loopback`.
 * @throws `TypeError` naming what is none of these, or that it is no list.
 */
export function createPeerTest(peers: readonly string[]): (address: string | undefined) => boolean {
  if (!Array.isArray(peers) || !peers.every((peer) => typeof peer === 'string'))
    throw new TypeError('"peers" must be a list of addresses, networks or "loopback"')
  const list = new BlockList()
  for (const peer of peers.flatMap((peer) => (peer === 'loopback' ? LOOPBACK : [peer]))) {
    const [address = '', bits, ...rest] = peer.split('/')
    const family = toFamily(address)
    const width = family === 'ipv4' ? 32 : 128
    const isWidth = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width)
    if (!family || !isWidth || rest.length > 0)
      throw new TypeError(`"peers" must be addresses, networks or "loopback" (given: "${peer}")`)
    list.addSubnet(address, Number(bits ?? width), family)
  }
  return (address) => {
    const family = address === undefined ? undefined : toFamily(address)
    // Also finds an IPv4 address that is written as IPv6.
    return address !== undefined && family !== undefined && list.check(address, family)
  }
}

function toFamily(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address)
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6'
}
