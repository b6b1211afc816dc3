import { pipe } from 'it-pipe';
import type { Replica } from '../../consensus/replica-state.ts';
import type { FetchRequest, Input, Message, SnapshotRequest } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage, isFetchRequest, isSnapshotRequest, kindOf } from '../../consensus/wire.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import type { Roster } from '../../protocol/roster.ts';
import type { Counters } from '../network/counters.ts';
import type { JudgedSegment, NetworkHandlers } from '../network/network.ts';
import { judgeSegment } from './segment-gate.ts';

export interface ReceiverParts {
  readonly replica: Replica;
  readonly push: (input: Input) => boolean;
  /** What this node has of a request, from memory and ledger. */
  readonly answers: (request: FetchRequest) => AsyncIterable<Message>;
  readonly counters: Counters;
  /** What this node has of a snapshot. */
  readonly snapshotAnswers: (request: SnapshotRequest) => AsyncIterable<Message>;
  /** Of a validator: takes what observers hand in. */
  readonly serveSubmit: NetworkHandlers['serveSubmit'];
}

/** What validators say to each other on their streams. What is asked for comes as the answer to a request, on the sync protocol. */
const FRAMES_FOR_VALIDATORS: ReadonlySet<Message['kind']> = new Set([
  'propose',
  'vote',
  'certificate',
  'status',
  'checkpoint',
  'evidence',
  'snapshot',
  'segment',
]);
/** What they say to observers (O-02). */
const FRAMES_FOR_OBSERVERS: ReadonlySet<Message['kind']> = new Set([
  'final',
  'status',
  'checkpoint',
  'snapshot',
  'segment',
]);
const REQUESTS: ReadonlySet<Message['kind']> = new Set([
  'fetch-certificates',
  'fetch-block',
  'fetch-segments',
  'fetch-final',
  'fetch-past',
  'fetch-manifest',
  'fetch-chunk',
  'fetch-history',
  'fetch-epochs',
]);

/** ValidatorIndex by name, in the epoch that the replica is in. */
class Seats {
  readonly #replica: Replica;
  #roster: Roster | undefined;
  #seats = new Map<string, number>();

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  of(name: string): number | undefined {
    const { roster } = this.#replica.config;
    if (roster !== this.#roster) {
      this.#roster = roster;
      this.#seats = new Map(roster.validators.map((validator, index) => [validator.name, index]));
    }
    return this.#seats.get(name);
  }
}

/** What the network hands over, decoded and judged, as inputs of the step. Nothing a peer sends makes this throw. */
export function createReceiver(parts: ReceiverParts): NetworkHandlers {
  const { replica, push, counters, serveSubmit } = parts;
  const seats = new Seats(replica);
  const take = (from: number, message: Message): boolean => {
    const isTaken = push({ kind: 'message', from, message });
    if (!isTaken) counters.bump('input.dropped');
    return isTaken;
  };
  /** `topic`: the shard that it came for; a frame has none. */
  const onSegment = (peer: string, topic: number | undefined, bytes: Uint8Array): JudgedSegment => {
    const { shard, verdict, reason, segment } = judgeSegment(replica, topic, bytes);
    counters.bump(`segment.${verdict}.${reason}`);
    // Its author signed it: through an observer it is as good, and ignored it would hide the copies of others.
    const isTaken =
      segment !== undefined && take(seats.of(peer) ?? segment.header.author, { kind: 'segment', segment });
    return { shard, bytes, verdict: verdict === 'accept' && !isTaken ? 'ignore' : verdict };
  };
  return {
    // A copy: the segment is kept long after the buffer it came in with others.
    onSegment: (peer, shard, bytes) => onSegment(peer, shard, bytes.slice()).verdict,
    onFrame(peer, bytes, isMuted) {
      // Who it is and what it may send come before anything is decoded (reliability.md 6, rule 2).
      const from = seats.of(peer);
      const frames = replica.config.self === undefined ? FRAMES_FOR_OBSERVERS : FRAMES_FOR_VALIDATORS;
      const kind = from === undefined ? undefined : kindOf(bytes);
      if (from === undefined) counters.bump('input.unknown_peer');
      else if (kind !== undefined && !frames.has(kind)) counters.bump(`frame.misplaced.${kind}`);
      else if (kind === 'segment') {
        // A frame is a copy already. What goes on to gossip is without the byte that says what it is.
        if (!isMuted) return onSegment(peer, undefined, bytes.subarray(1));
        counters.bump('segment.muted');
      } else {
        try {
          take(from, decodeMessage(bytes));
        } catch (error) {
          counters.bump(`frame.malformed.${codeOf(error) ?? 'unknown'}`);
        }
      }
      return undefined;
    },
    onPeer(_name, connected) {
      counters.bump(connected ? 'peer.connected' : 'peer.disconnected');
      // A look at the clock: whatever waits for peers is sent again.
      if (connected) push({ kind: 'tick' });
    },
    serveSubmit,
    serveSync: (_from, bytes) => pipe([bytes], decodeRequests, answerEach(parts), encodeMessages),
  };
}

async function* decodeRequests(source: Iterable<Uint8Array>): AsyncGenerator<FetchRequest | SnapshotRequest> {
  for (const bytes of source) {
    const kind = kindOf(bytes);
    if (kind !== undefined && !REQUESTS.has(kind)) throw new WaggleError('WAGGLE_SYNC_REQUEST_KIND', { kind });
    const message = decodeMessage(bytes);
    if (isFetchRequest(message) || isSnapshotRequest(message)) yield message;
  }
}

function answerEach({ answers, snapshotAnswers }: ReceiverParts) {
  return async function* (requests: AsyncIterable<FetchRequest | SnapshotRequest>): AsyncGenerator<Message> {
    for await (const request of requests) {
      yield* isFetchRequest(request) ? answers(request) : snapshotAnswers(request);
    }
  };
}

async function* encodeMessages(source: AsyncIterable<Message>): AsyncGenerator<Uint8Array> {
  for await (const message of source) yield encodeMessage(message);
}
