import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HistoryLink, Message } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../consensus/wire.ts';
import { codeOf } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hex.ts';
import { type Checkpoint, checkpointDigest, nextHistory } from '../../protocol/receipt/checkpoint.ts';
import type { Snapshot } from '../../protocol/snapshot/snapshot.ts';
import { parseTrusted } from '../config/trusted-file.ts';
import { LedgerReader } from '../driver/ledger-reader.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { Trust } from '../driver/snapshots/trust.ts';
import { Counters } from '../network/counters.ts';
import { openLedgerStore } from '../storage/ledger-store.ts';
import { SOLO_CONFIG, SOLO_GENESIS } from './solo.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const CHAIN = SOLO_CONFIG.chain;
const filled = (byte: number) => new Uint8Array(32).fill(byte);
/** Blocks 1…20 and the history after each. */
const LINKS: HistoryLink[] = Array.from({ length: 20 }, (_, at) => ({
  blockHash: filled(at + 1),
  root: filled(100 + at),
}));
const HISTORIES: Uint8Array[] = [filled(0)];
for (const { blockHash, root } of LINKS) HISTORIES.push(nextHistory(HISTORIES.at(-1) ?? CHAIN, blockHash, root));
const historyAt = (height: number) => HISTORIES[height] ?? filled(0);

function trustedAt(height: number): Checkpoint {
  const place = { chain: CHAIN, epoch: 0, height, blockHash: filled(height), timeMs: 1_000 };
  return { ...place, history: historyAt(height), root: filled(99 + height) };
}

function snapshotAt(height: number): Snapshot {
  return { chain: CHAIN, epoch: 0, height, blockHash: filled(height), history: historyAt(height), root: filled(0) };
}

type Answer = (from: number, to: number) => Message[];
const honest: Answer = (from, to) => [{ kind: 'history', from, links: LINKS.slice(from - 1, to) }];
const few: Answer = (from, to) => [{ kind: 'history', from, links: LINKS.slice(from - 1, Math.min(to, from + 2)) }];
const lying: Answer = (from, to) => [
  { kind: 'history', from, links: LINKS.slice(from - 1, to).map((link) => ({ ...link, root: filled(7) })) },
];
const SIGNAL = new AbortController().signal;

interface Place {
  readonly writer: LedgerWriter;
  readonly reader: LedgerReader;
  trust(trusted: Checkpoint, answers?: Readonly<Record<string, Answer>>): { trust: Trust; differed: unknown[] };
}

function withTrust(use: (place: Place) => Promise<void>): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const { store } = await openLedgerStore(directory, { reserveBytes: 4_096, cacheBytes: 1024 * 1024 });
    const writer = new LedgerWriter(store, 0, (error) => assert.fail(String(error)));
    const reader = new LedgerReader(writer.overlay, (_height, author) => `v${author}`);
    const make: Place['trust'] = (trusted, answers = {}) => {
      const differed: unknown[] = [];
      const trust = new Trust({
        trusted,
        reader,
        writer,
        faults: () => 1,
        differs: (error) => void differed.push(codeOf(error)),
        peers: () => Object.keys(answers),
        request: async (peer, bytes, onFrame) => {
          const request = decodeMessage(bytes);
          assert.ok(request.kind === 'fetch-history');
          for (const one of answers[peer]?.(request.from, request.to) ?? []) onFrame(encodeMessage(one));
        },
        counters: new Counters(),
      });
      return { trust, differed };
    };
    try {
      await use({ writer, reader, trust: make });
    } finally {
      await writer.close();
      await store.close();
    }
  });
}

describe('a trusted checkpoint', () => {
  it('leads to a snapshot above it by links, whole or a few at a time, past peers that lie or have none', () =>
    withTrust(async (place) => {
      for (const answer of [honest, few]) {
        const { trust, differed } = place.trust(trustedAt(5), { silent: () => [], liar: lying, b: answer });
        assert.equal(await trust.isTrusted(snapshotAt(15), SIGNAL), true);
        assert.deepEqual(differed, []);
      }
    }));

  it('is the snapshot at its own height, or the network is another one', () =>
    withTrust(async (place) => {
      const { trust, differed } = place.trust(trustedAt(5));
      assert.equal(await trust.isTrusted(snapshotAt(5), SIGNAL), true);
      assert.deepEqual(differed, []);
      assert.equal(await trust.isTrusted({ ...snapshotAt(5), history: filled(9) }, SIGNAL), false);
      assert.deepEqual(differed, ['WAGGLE_TRUST_DIFFERS']);
    }));

  it('refuses a snapshot that nobody leads to, and stops when f + 1 show another history', () =>
    withTrust(async (place) => {
      const alone = place.trust(trustedAt(5), { liar: lying, silent: () => [] });
      for (let round = 0; round < 3; round++) assert.equal(await alone.trust.isTrusted(snapshotAt(15), SIGNAL), false);
      assert.deepEqual(alone.differed, []);
      const forked = { ...trustedAt(5), history: filled(77) };
      const { trust, differed } = place.trust(forked, { a: honest, b: honest });
      assert.equal(await trust.isTrusted(snapshotAt(15), SIGNAL), false);
      assert.deepEqual(differed, ['WAGGLE_TRUST_DIFFERS']);
    }));

  it('above the snapshot is looked at when execution comes there', () =>
    withTrust(async (place) => {
      const { trust, differed } = place.trust(trustedAt(15));
      assert.equal(await trust.isTrusted(snapshotAt(10), SIGNAL), true);
      trust.executed(14, filled(14), filled(1));
      trust.executed(15, filled(15), historyAt(15));
      assert.deepEqual(differed, []);
      trust.executed(15, filled(15), filled(1));
      assert.deepEqual(differed, ['WAGGLE_TRUST_DIFFERS']);
    }));

  it('is held against the ledger at the start, and remembered where the ledger begins above it', () =>
    withTrust(async (place) => {
      const at = (height: number) => ({ height, hash: filled(height), history: historyAt(height) });
      const start = (trusted: Checkpoint, height: number) =>
        place
          .trust(trusted)
          .trust.checkStart(at(height))
          .then(() => undefined, codeOf);
      assert.equal(await start(trustedAt(5), 3), undefined);
      assert.equal(await start(trustedAt(5), 5), undefined);
      assert.equal(await start({ ...trustedAt(5), history: filled(1) }, 5), 'WAGGLE_TRUST_DIFFERS');
      assert.equal(await start(trustedAt(5), 15), 'WAGGLE_TRUST_UNPROVEN');
      await place.trust(trustedAt(5), { b: honest }).trust.isTrusted(snapshotAt(15), SIGNAL);
      assert.equal(await start(trustedAt(5), 15), undefined);
      assert.equal(await start(trustedAt(6), 15), 'WAGGLE_TRUST_UNPROVEN');
    }));
});

describe('a file of a checkpoint', () => {
  const checkpoint = trustedAt(5);
  const json = {
    chain: toHex(CHAIN),
    epoch: 0,
    height: 5,
    blockHash: toHex(checkpoint.blockHash),
    time: new Date(1_000).toISOString(),
    history: toHex(checkpoint.history),
    root: toHex(checkpoint.root),
    signatures: [{ signer: 0, name: 'v0', signature: toHex(SOLO_CONFIG.sign(checkpointDigest(checkpoint))) }],
    differing: 0,
  };
  const refusal = (value: unknown): unknown => {
    try {
      parseTrusted(value, SOLO_GENESIS, 'file');
      return undefined;
    } catch (error) {
      return codeOf(error);
    }
  };

  it('is read as the command prints it', () => {
    assert.deepEqual(parseTrusted(json, SOLO_GENESIS, 'file').checkpoint, checkpoint);
  });

  it('is refused when it is of another network, changed, or not signed by enough', () => {
    const wrong: unknown[] = [
      null,
      [],
      'text',
      { ...json, chain: toHex(filled(1)) },
      { ...json, height: 6 },
      { ...json, height: -1 },
      { ...json, height: '5' },
      { ...json, epoch: 1 },
      { ...json, time: 'never' },
      { ...json, history: json.history.toUpperCase() },
      { ...json, root: 7 },
      { ...json, signatures: [] },
      { ...json, signatures: {} },
      { ...json, signatures: [null, 7, { signer: 1, signature: 'x' }, { ...json.signatures[0], signer: 1 }] },
    ];
    for (const value of wrong) assert.equal(refusal(value), 'WAGGLE_TRUST_FILE', JSON.stringify(value));
  });
});
