import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchRequest, Input, Message } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../consensus/wire.ts';
import { Transport } from '../driver/transport.ts';
import { Counters } from '../network/counters.ts';
import type { Network } from '../network/network.ts';

const STATUS: Message = {
  kind: 'status',
  epoch: 0,
  view: 1,
  finalView: 0,
  finalHeight: 0,
  tips: [],
  checkpoint: undefined,
};
const claim = (from: number): FetchRequest => ({ kind: 'fetch-final', from });
const need = (byte: number): FetchRequest => ({ kind: 'fetch-block', hash: new Uint8Array(32).fill(byte) });

interface Open {
  readonly peer: string;
  readonly request: Message;
  readonly onFrame: (bytes: Uint8Array) => void;
  end(): Promise<void>;
}

/** A network whose peers answer when the test says so. */
class Bench {
  readonly open: Open[] = [];
  readonly inputs: Input[] = [];
  readonly counters = new Counters();
  readonly transport: Transport;

  constructor() {
    const network: Pick<Network, 'requestSync'> = {
      requestSync: (peer, bytes, onFrame) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const end = async (): Promise<void> => {
          resolve();
          for (let left = 5; left > 0; left--) await Promise.resolve();
        };
        this.open.push({ peer, request: decodeMessage(bytes), onFrame, end });
        return promise;
      },
    };
    const push = (input: Input): boolean => this.inputs.push(input) > 0;
    this.transport = new Transport(network as Network, () => ['v0', 'v1'], push, this.counters);
  }
}

test('claims leave two of the requests to a peer for what a view waits for', async () => {
  const bench = new Bench();
  for (const from of [1, 2, 3]) bench.transport.send({ to: 1, message: claim(from), isClaim: true });
  assert.equal(bench.open.length, 2);
  assert.equal(bench.counters.get('fetch.over.claim'), 1);
  for (const byte of [1, 2, 3]) bench.transport.send({ to: 1, message: need(byte) });
  assert.deepEqual(
    bench.open.map(({ request }) => request.kind),
    ['fetch-final', 'fetch-final', 'fetch-block', 'fetch-block'],
  );
  assert.equal(bench.counters.get('fetch.over'), 1);
  bench.transport.send({ to: 0, message: claim(1), isClaim: true });
  assert.equal(bench.open[4]?.peer, 'v0', 'another peer has its own');
  await bench.open[0]?.end();
  bench.transport.send({ to: 1, message: claim(4), isClaim: true });
  assert.equal(bench.open.length, 6, 'what is over makes room');
});

test('needs take all four when nothing is claimed', () => {
  const bench = new Bench();
  for (const byte of [1, 2, 3, 4, 5]) bench.transport.send({ to: 1, message: need(byte) });
  assert.equal(bench.open.length, 4);
  bench.transport.send({ to: 1, message: claim(1), isClaim: true });
  assert.equal(bench.open.length, 4);
});

test('an answer of another kind is refused before it is decoded', () => {
  const bench = new Bench();
  bench.transport.send({ to: 1, message: need(1) });
  const [open] = bench.open;
  assert.throws(() => open?.onFrame(Uint8Array.of(1, 9)), { code: 'WAGGLE_SYNC_ANSWER_KIND' });
  assert.throws(() => open?.onFrame(encodeMessage(STATUS)), { code: 'WAGGLE_SYNC_ANSWER_KIND' });
  open?.onFrame(encodeMessage({ kind: 'past', nonce: new Uint8Array(16), view: 3 }));
  assert.equal(bench.inputs.length, 1);
});
