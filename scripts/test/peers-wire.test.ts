import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePut, encodeTxn, grpcFrame } from '../bench/peers/etcd-wire.ts';
import { checkAnswer, encodePublish, type NatsFrame, NatsParser } from '../bench/peers/nats-wire.ts';
import { madeUpEntry } from '../bench/peers/rates.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a put is field 1 the key, field 2 the value, lengths as varints', () => {
  assert.equal(hex(encodePut({ key: 'k1', value: Uint8Array.of(7, 8) })), '0a026b3112020708');
  const long = encodePut({ key: 'k', value: new Uint8Array(200) });
  assert.equal(hex(long.subarray(0, 6)), '0a016b12c801');
  assert.equal(long.length, 6 + 200);
});

test('a transaction has one operation a put, and no more than etcd takes', () => {
  const put = { key: 'k', value: Uint8Array.of(1) };
  assert.equal(hex(encodeTxn([put])), '120812060a016b120101');
  assert.equal(encodeTxn([put, put]).length, 2 * encodeTxn([put]).length);
  assert.equal(encodeTxn(Array.from({ length: 128 }, () => put)).length, 128 * 10);
  assert.throws(() => encodeTxn(Array.from({ length: 129 }, () => put)), RangeError);
});

test('a frame of gRPC says that it is not compressed and how long it is', () => {
  assert.equal(hex(grpcFrame(Uint8Array.of(9, 9))), '00000000020909');
});

const WIRE = Buffer.from(
  'INFO {"server_id":"a b"}\r\nPING\r\n+OK\r\nMSG _INBOX.a.1 1 9\r\n{"seq":\r}\r\nPONG\r\nMSG s 1 reply.to 0\r\n\r\n-ERR \'Slow Consumer\'\r\n',
);
const FRAMES: readonly NatsFrame[] = [
  { kind: 'info', text: '{"server_id":"a b"}' },
  { kind: 'ping' },
  { kind: 'ok' },
  { kind: 'message', subject: '_INBOX.a.1', payload: Buffer.from('{"seq":\r}') },
  { kind: 'pong' },
  { kind: 'message', subject: 's', payload: Buffer.alloc(0) },
  { kind: 'error', text: "'Slow Consumer'" },
];

test('frames of NATS come out the same however their bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(WIRE.length), { maxLength: 40 }), (cuts) => {
      const parser = new NatsParser();
      const edges = [0, ...cuts.sort((a, b) => a - b), WIRE.length];
      const frames = edges.flatMap((edge, at) => parser.take(WIRE.subarray(edges[at - 1] ?? 0, edge)));
      assert.deepEqual(frames, FRAMES);
    }),
  );
});

test('what is no frame of NATS is refused', () => {
  for (const line of ['HTTP/1.1 200 OK', 'MSG s 1', 'MSG s 1 x', 'MSG s 1 -1', 'MSG s 1 1e9', 'MSG a b c d 1']) {
    assert.throws(() => new NatsParser().take(Buffer.from(`${line}\r\n`)), Error, line);
  }
  assert.throws(() => new NatsParser().take(Buffer.alloc(2 ** 21, 'a')), /without an end/);
});

test('a publication names its subject, where to answer, and its length in bytes', () => {
  assert.equal(
    encodePublish('votes.1', '_INBOX.a.7', Buffer.from('é')).toString(),
    'PUB votes.1 _INBOX.a.7 2\r\né\r\n',
  );
});

test('an answer of JetStream is an acknowledgement unless it holds an error', () => {
  checkAnswer(Buffer.from('{"stream":"VOTES","seq":3}'));
  assert.throws(() => checkAnswer(Buffer.from('{"error":{"code":503,"description":"no leader"}}')), /no leader/);
});

test('entries have one size, differ, and are the same for the same seed', () => {
  assert.equal(madeUpEntry(1, 1).length, 200);
  assert.deepEqual(madeUpEntry(7, 3), madeUpEntry(7, 3));
  const all = new Set([madeUpEntry(1, 1), madeUpEntry(1, 2), madeUpEntry(2, 1)].map(hex));
  assert.equal(all.size, 3);
});
