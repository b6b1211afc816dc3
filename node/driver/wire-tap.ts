import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '../../consensus/types.ts';
import { decodeMessage } from '../../consensus/wire.ts';
import { readStoredSegment } from '../../protocol/chain/segment.ts';
import type { Network, NetworkHandlers } from '../network/network.ts';

/** Set in tests only: the folder in which each life of a node leaves what it was sent (reliability.md 2, S4). */
export const WIRE_TAP_VARIABLE = 'WAGGLE_WIRETAP';

/** Messages that hold a validator's signature. */
const SIGNED: ReadonlySet<Message['kind']> = new Set([
  'propose',
  'vote',
  'certificate',
  'status',
  'checkpoint',
  'segment',
  'final',
]);

const SEGMENT_FRAME = 11;

/**
 * What others sent this node, as it came, before anything judged it: a length of four bytes, then the frame, of a segment
 * without its body. One file a process, so that no life writes behind the torn end of another.
 */
export class WireTap {
  readonly #file: number;

  /** @throws the system's error */
  constructor(directory: string, node: string) {
    mkdirSync(directory, { recursive: true });
    this.#file = openSync(join(directory, `${node}-${Date.now()}-${process.pid}.tap`), 'ax', 0o600);
  }

  /** A frame or a message of an answer. What does not decode nobody can be held to. */
  frame(bytes: Uint8Array): void {
    try {
      const message = decodeMessage(bytes);
      if (message.kind === 'segment') this.segment(message.segment.bytes);
      else if (SIGNED.has(message.kind)) this.#write(bytes);
    } catch {
      return;
    }
  }

  /** An encoded segment, which is held to its author by its head alone. */
  segment(bytes: Uint8Array): void {
    try {
      const { body } = readStoredSegment(bytes);
      const frame = new Uint8Array(1 + bytes.length - body.length);
      frame[0] = SEGMENT_FRAME;
      frame.set(bytes.subarray(0, frame.length - 1), 1);
      this.#write(frame);
    } catch {
      return;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(frame: Uint8Array): void {
    const record = new Uint8Array(4 + frame.length);
    new DataView(record.buffer).setUint32(0, frame.length);
    record.set(frame, 4);
    writeSync(this.#file, record);
  }
}

/** The same network, with everything that comes in written down first. */
export function tapNetwork(network: Network, tap: WireTap): Network {
  return {
    start: (handlers) => network.start(tapHandlers(handlers, tap)),
    async stop() {
      await network.stop();
      tap.close();
    },
    publishSegment: (shard, bytes, frame) => network.publishSegment(shard, bytes, frame),
    sendFrame: (to, bytes) => network.sendFrame(to, bytes),
    broadcastFrame: (bytes) => network.broadcastFrame(bytes),
    sendToObservers: (bytes) => network.sendToObservers(bytes),
    setRoster: (peers, shards, dialsAll) => network.setRoster(peers, shards, dialsAll),
    setObservers: (observers) => network.setObservers(observers),
    hasObservers: () => network.hasObservers(),
    requestSync: (to, request, onFrame, signal) => {
      const tapped = (bytes: Uint8Array): void => {
        tap.frame(bytes);
        onFrame(bytes);
      };
      return network.requestSync(to, request, tapped, signal);
    },
    requestSubmit: (to, request, signal) => network.requestSubmit(to, request, signal),
    peers: () => network.peers(),
    addresses: () => network.addresses(),
    counters: () => network.counters(),
  };
}

function tapHandlers(handlers: NetworkHandlers, tap: WireTap): NetworkHandlers {
  return {
    ...handlers,
    onSegment(from, shard, bytes) {
      tap.segment(bytes);
      return handlers.onSegment(from, shard, bytes);
    },
    onFrame(from, bytes, isMuted) {
      tap.frame(bytes);
      return handlers.onFrame(from, bytes, isMuted);
    },
  };
}
