import { pipe } from 'it-pipe';
import type { Replica } from '../../consensus/replica-state.ts';
import type { FetchRequest, Input, Message } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage, isFetchRequest } from '../../consensus/wire.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import type { Counters } from '../network/counters.ts';
import type { NetworkHandlers } from '../network/network.ts';
import { judgeSegment } from './segment-gate.ts';

export interface ReceiverParts {
  readonly replica: Replica;
  readonly push: (input: Input) => boolean;
  /** What this node has of a request, from memory and ledger. */
  readonly answers: (request: FetchRequest) => AsyncIterable<Message>;
  readonly counters: Counters;
  /** Of a validator: takes what observers hand in. */
  readonly serveSubmit: NetworkHandlers['serveSubmit'];
}

/** What the network hands over, decoded and judged, as inputs of the step. Nothing a peer sends makes this throw. */
export function createReceiver({ replica, push, answers, counters, serveSubmit }: ReceiverParts): NetworkHandlers {
  const indices = new Map<string, number>(replica.config.roster.validators.map(({ name }, index) => [name, index]));
  const take = (peer: string, message: Message): boolean => {
    const from = indices.get(peer);
    const isTaken = from !== undefined && push({ kind: 'message', from, message });
    if (!isTaken) counters.bump(from === undefined ? 'input.unknown_peer' : 'input.dropped');
    return isTaken;
  };
  return {
    onSegment(from, shard, bytes) {
      // A copy: the segment is kept long after the buffer it came in with others.
      const { verdict, reason, segment } = judgeSegment(replica, shard, bytes.slice());
      counters.bump(`segment.${verdict}.${reason}`);
      const isTaken = segment !== undefined && take(from, { kind: 'segment', segment });
      return verdict === 'accept' && !isTaken ? 'ignore' : verdict;
    },
    onFrame(from, bytes) {
      try {
        take(from, decodeMessage(bytes));
      } catch (error) {
        counters.bump(`frame.malformed.${codeOf(error) ?? 'unknown'}`);
      }
    },
    onPeer(_name, connected) {
      counters.bump(connected ? 'peer.connected' : 'peer.disconnected');
      // A look at the clock: whatever waits for peers is sent again.
      if (connected) push({ kind: 'tick' });
    },
    serveSubmit,
    serveSync: (_from, bytes) => pipe([bytes], decodeRequests, answerEach(answers), encodeMessages),
  };
}

async function* decodeRequests(source: Iterable<Uint8Array>): AsyncGenerator<FetchRequest> {
  for (const bytes of source) {
    const message = decodeMessage(bytes);
    if (!isFetchRequest(message)) throw new WaggleError('WAGGLE_SYNC_REQUEST_KIND', { kind: message.kind });
    yield message;
  }
}

function answerEach(answers: ReceiverParts['answers']) {
  return async function* (requests: AsyncIterable<FetchRequest>): AsyncGenerator<Message> {
    for await (const request of requests) yield* answers(request);
  };
}

async function* encodeMessages(source: AsyncIterable<Message>): AsyncGenerator<Uint8Array> {
  for await (const message of source) yield encodeMessage(message);
}
