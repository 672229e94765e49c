import { BlockList, type IPVersion, isIP } from 'node:net'

/** Addresses in CIDR notation. */
interface Network {
  readonly address: string
  readonly prefixLength: number
  readonly family: IPVersion
}

const LOOPBACK = ['127.0.0.0/8', '::1']

/** Is this an address, a network such as `10.0.0.0/8`, or `loopback`? */
export function isPeerRange(text: string): boolean {
  return text === 'loopback' || findNetwork(text) !== undefined
}

/**
 * Creates a test whether a connection comes from one of these peers.
 *
 * @param peers Addresses, networks such as `10.0.0.0/8`, or `loopback`.
 * @throws `TypeError` naming the invalid peer, or if this is not a list of strings.
 */
export function createPeerTest(peers: readonly string[]): (address: string | undefined) => boolean {
  if (!Array.isArray(peers) || !peers.every((peer) => typeof peer === 'string'))
    throw new TypeError('"peers" must be a list of addresses, networks or "loopback"')
  const list = new BlockList()
  for (const peer of peers.flatMap((peer) => (peer === 'loopback' ? LOOPBACK : [peer]))) {
    const network = findNetwork(peer)
    if (!network)
      throw new TypeError(`"peers" must be addresses, networks or "loopback" (given: "${peer}")`)
    list.addSubnet(network.address, network.prefixLength, network.family)
  }
  return (address) => {
    const family = address === undefined ? undefined : findFamily(address)
    // Also matches an IPv4 address that is written as IPv6.
    return address !== undefined && family !== undefined && list.check(address, family)
  }
}

/** Reads an address, which is a network of one, or a network; `undefined` if it is neither. */
function findNetwork(text: string): Network | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const family = findFamily(address)
  const maxLength = family === 'ipv4' ? 32 : 128
  const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= maxLength)
  if (!family || !isLength || rest.length > 0) return
  return { address, prefixLength: Number(bits ?? maxLength), family }
}

function findFamily(address: string): IPVersion | undefined {
  const version = isIP(address)
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6'
}
