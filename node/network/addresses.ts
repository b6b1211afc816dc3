import { multiaddr } from '@multiformats/multiaddr';

/** Of what a roster says of a peer, what can be dialled, and how much of it can not. */
export interface DialAddresses {
  /** As the library writes them, each with its `/p2p/<peer>` tail. */
  readonly usable: readonly string[];
  readonly unusable: number;
}

/**
 * The ledger holds addresses as texts that nobody had to parse. One that is none, or is of another peer, must not keep the
 * good ones from being dialled, and a node from starting.
 */
export function dialAddresses(peer: string, addrs: readonly string[]): DialAddresses {
  const usable = new Set<string>();
  let unusable = 0;
  for (const address of addrs) {
    const known = withPeer(address, peer);
    if (known === undefined) unusable += 1;
    else usable.add(known);
  }
  return { usable: [...usable], unusable };
}

/** `/ip4/…/tcp/…` with its `/p2p/<peer>` tail, once; undefined when it is no address, or one of another peer. */
export function withPeer(address: string, peer: string): string | undefined {
  try {
    const parsed = multiaddr(address);
    const tail = parsed.getComponents().findLast(({ name }) => name === 'p2p');
    if (tail === undefined) return parsed.encapsulate(`/p2p/${peer}`).toString();
    return tail.value === peer ? parsed.toString() : undefined;
  } catch {
    return undefined;
  }
}
