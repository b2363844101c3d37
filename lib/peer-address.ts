/**
 * Says whether an address and a port can be those of a DTLS peer: one host, one port. It knows nothing of errors'
 * texts or of sockets.
 */

import { BlockList, isIP } from 'node:net';

/** `unspecified` stands for 0.0.0.0 and ::, which name no host. */
export type PeerAddressVerdict = 'unicast' | 'unspecified' | 'group' | 'invalid';

const groups = new BlockList();
groups.addSubnet('224.0.0.0', 4, 'ipv4');
groups.addAddress('255.255.255.255', 'ipv4');
groups.addSubnet('ff00::', 8, 'ipv6');

const unspecified = new BlockList();
unspecified.addAddress('0.0.0.0', 'ipv4');
unspecified.addAddress('::', 'ipv6');

/** Judges a literal IPv4 or IPv6 address (with a zone, if any); IPv4-mapped addresses count as IPv4. */
export function judgePeerAddress(address: unknown): PeerAddressVerdict {
  if (typeof address !== 'string') return 'invalid';
  const family = isIP(address);
  if (family === 0) return 'invalid';
  const [bare = ''] = address.split('%');
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (groups.check(bare, type)) return 'group';
  return unspecified.check(bare, type) ? 'unspecified' : 'unicast';
}

/** Whether a value can be a peer's UDP port, 1 to 65535. */
export function isPeerPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65535;
}
