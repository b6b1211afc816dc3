import type { ConnectionGater, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Counters } from './counters.ts';

/**
 * Only validators and the observers let in get past the proof of identity (Noise), and no protocol runs for anybody else.
 * Before that proof an address says nothing about who calls, so the caps of the connection manager bound it alone.
 */
export function rosterGater(
  allowed: { has(peer: string): boolean },
  isListed: (peer: string, address: string) => boolean,
  counters: Counters,
): ConnectionGater {
  const deny = (peer: PeerId, counter: string): boolean => {
    if (allowed.has(peer.toString())) return false;
    counters.bump(counter);
    return true;
  };
  return {
    denyDialPeer: (peer) => deny(peer, 'dial.refused_peer'),
    denyOutboundConnection: (peer) => deny(peer, 'dial.refused_peer'),
    denyInboundEncryptedConnection: (peer) => deny(peer, 'connection.refused_peer'),
    denyOutboundEncryptedConnection: (peer) => deny(peer, 'dial.refused_peer'),
    denyInboundUpgradedConnection: (peer) => deny(peer, 'connection.refused_peer'),
    denyOutboundUpgradedConnection: (peer) => deny(peer, 'dial.refused_peer'),
    denyInboundRelayReservation: () => true,
    denyInboundRelayedConnection: () => true,
    denyOutboundRelayedConnection: () => true,
    // Addresses come from the roster; what peers say about themselves is not dialled.
    filterMultiaddrForPeer: (peer: PeerId, address: Multiaddr) => isListed(peer.toString(), address.toString()),
  };
}
