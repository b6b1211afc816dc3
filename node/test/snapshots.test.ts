import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Message, SnapshotRequest } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage, isSnapshotRequest } from '../../consensus/wire.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { encodeRow, TABLES } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { toHex } from '../../protocol/hex.ts';
import { chunkLeaf, snapshotRoot } from '../../protocol/snapshot/snapshot.ts';
import { freezeState, snapshotChunks } from '../../protocol/snapshot/stream.ts';
import { boot } from '../driver/boot.ts';
import { encodeEntry } from '../driver/journal-entries.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { snapshotAnswers } from '../driver/snapshots/snapshot-answers.ts';
import { SnapshotFetch } from '../driver/snapshots/snapshot-fetch.ts';
import { installSnapshot } from '../driver/snapshots/snapshot-install.ts';
import type { StoredSnapshot } from '../driver/snapshots/snapshot-records.ts';
import { SnapshotStore } from '../driver/snapshots/snapshot-store.ts';
import { Counters } from '../network/counters.ts';
import { PREFIXES } from '../storage/keys.ts';
import { type LedgerStore, openLedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { SOLO_CONFIG, SOLO_GENESIS, Solo } from './solo.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const OPTIONS = { reserveBytes: 4_096, cacheBytes: 1024 * 1024 };
const OBSERVER = { ...SOLO_CONFIG, self: undefined };
const SIGNAL = new AbortController().signal;

/** A state after some votes, as small chunks, and what is signed of it. */
function source(): { solo: Solo; chunks: Uint8Array[]; stored: StoredSnapshot } {
  const solo = new Solo();
  solo.open(true);
  solo.vote([solo.ballot('a', 3), solo.ballot('b', 4)]);
  const { replica } = solo;
  const { chain, roster } = replica.config;
  const place = { chain, ...replica.executed };
  const chunks = [...snapshotChunks(place, freezeState(replica.state), { chunkBytes: 100 })].flatMap(
    (chunk) => chunk ?? [],
  );
  const leaves = chunks.map(chunkLeaf);
  const { height, hash, history } = replica.executed;
  const snapshot = { chain, epoch: roster.epoch, height, blockHash: hash, history, root: snapshotRoot(leaves) };
  assert.ok(chunks.length > 10);
  return { solo, chunks, stored: { snapshot, leaves, isWhole: true, isOwn: true } };
}

const { solo, chunks, stored } = source();
const { height } = stored.snapshot;

interface Place {
  readonly store: LedgerStore;
  readonly writer: LedgerWriter;
  readonly snapshots: SnapshotStore;
}

async function withPlace(directory: string, use: (place: Place) => Promise<void>): Promise<void> {
  const { store } = await openLedgerStore(join(directory, 'ledger'), OPTIONS);
  const writer = new LedgerWriter(store, 0, () => undefined);
  try {
    await use({ store, writer, snapshots: new SnapshotStore(writer.overlay, writer) });
  } finally {
    await writer.close();
    await store.close();
  }
}

type Answer = (request: Message) => AsyncIterable<Message | Uint8Array> | Iterable<Message | Uint8Array>;

/** What an honest peer answers. */
function honest(request: Message): Message[] {
  if (request.kind === 'fetch-manifest') return [{ kind: 'manifest', height, leaves: stored.leaves }];
  if (request.kind !== 'fetch-chunk') return [];
  const bytes = chunks[request.index];
  return bytes === undefined ? [] : [{ kind: 'chunk', height, index: request.index, bytes }];
}

/** Ways to lie, each as what becomes of an honest answer. */
const LIES: Readonly<Record<string, Answer>> = {
  'another chunk': (request) =>
    honest(request).map((one) => (one.kind === 'chunk' ? { ...one, bytes: Uint8Array.of(...one.bytes, 1) } : one)),
  'the chunk of another place': (request) =>
    request.kind === 'fetch-chunk'
      ? honest({ ...request, index: (request.index + 1) % chunks.length })
      : honest(request),
  'another height': (request) => honest(request).map((one) => (one.kind === 'chunk' ? { ...one, height: 1 } : one)),
  'other leaves': (request) =>
    request.kind === 'fetch-manifest'
      ? [{ kind: 'manifest', height, leaves: stored.leaves.slice(1) }]
      : honest(request),
  'more than was asked for': (request) => [...honest(request), ...honest(request)],
  'another kind': () => [{ kind: 'fetch-final', from: 1 }],
  'no message at all': () => [Uint8Array.of(255, 1, 2)],
};

class Peers {
  readonly asked: string[] = [];
  readonly counters = new Counters();
  readonly #answers: ReadonlyMap<string, Answer>;

  constructor(answers: Readonly<Record<string, Answer>>) {
    this.#answers = new Map(Object.entries(answers));
  }

  fetch(store: SnapshotStore): SnapshotFetch {
    return new SnapshotFetch({
      store,
      peers: () => [...this.#answers.keys()],
      request: async (peer, bytes, onFrame) => {
        const request = decodeMessage(bytes);
        assert.ok(isSnapshotRequest(request));
        this.asked.push(`${peer} ${request.kind === 'fetch-chunk' ? request.index : 'manifest'}`);
        const answer = this.#answers.get(peer)?.(request) ?? [];
        for await (const one of answer) onFrame(one instanceof Uint8Array ? one : encodeMessage(one));
      },
      counters: this.counters,
    });
  }
}

function rowsOf(state: GovernanceState): string[] {
  return TABLES.flatMap(({ name }) =>
    [...state[name].entries()].map(([key, row]) => `${name} ${key} ${toHex(encodeRow(row))}`),
  ).sort();
}

async function checkInstalled({ snapshots, writer }: Place, whole: StoredSnapshot | undefined): Promise<void> {
  assert.ok(whole?.isWhole);
  const { state, anchor } = await installSnapshot(whole, snapshots, writer, SOLO_GENESIS);
  assert.deepEqual(rowsOf(state), rowsOf(solo.replica.state));
  assert.deepEqual(anchor, solo.replica.executed);
}

describe('a snapshot is fetched', () => {
  it('from honest peers, none of whom is asked for a thing twice', () =>
    inTemporaryDirectory((directory) =>
      withPlace(directory, async (place) => {
        const peers = new Peers({ a: honest, b: honest, c: honest });
        await checkInstalled(place, await peers.fetch(place.snapshots).round(stored.snapshot, SIGNAL));
        assert.equal(peers.asked.length, 1 + chunks.length);
        assert.equal(new Set(peers.asked.map((one) => one.split(' ')[0])).size, 3);
      }),
    ));

  for (const [name, lie] of Object.entries(LIES)) {
    it(`past a peer that answers with ${name}, which is left`, () =>
      inTemporaryDirectory((directory) =>
        withPlace(directory, async (place) => {
          const peers = new Peers({ liar: lie, b: honest });
          const fetch = peers.fetch(place.snapshots);
          const first = await fetch.round(stored.snapshot, SIGNAL);
          const asked = peers.asked.length;
          const whole = first ?? (await fetch.round(stored.snapshot, SIGNAL));
          await checkInstalled(place, whole);
          assert.equal(peers.counters.get('snapshot.liar'), 1);
          assert.deepEqual(
            peers.asked.slice(asked).filter((one) => one.startsWith('liar')),
            [],
          );
        }),
      ));
  }

  it('from nobody when all lie, and nothing false is stored', () =>
    inTemporaryDirectory((directory) =>
      withPlace(directory, async ({ snapshots, store, writer }) => {
        // Who lies about the leaves only would be asked for chunks, and give them.
        const { 'other leaves': _, ...liars } = LIES;
        const fetch = new Peers({ ...liars, silent: () => [] }).fetch(snapshots);
        for (let round = 0; round < 3; round++) assert.equal(await fetch.round(stored.snapshot, SIGNAL), undefined);
        await writer.flush();
        for (const { key, value } of await collect(store.range(PREFIXES.snapshotChunk))) {
          const index = new DataView(key.buffer, key.byteOffset).getUint32(8);
          assert.deepEqual(value, chunks[index]);
        }
      }),
    ));

  it('on from where it stood after a restart', () =>
    inTemporaryDirectory(async (directory) => {
      let left = 7;
      const dying: Answer = (request) => {
        if (left-- <= 0) throw new WaggleError('WAGGLE_NETWORK_SYNC_FAILED');
        return honest(request);
      };
      await withPlace(directory, async ({ snapshots }) => {
        assert.equal(await new Peers({ a: dying }).fetch(snapshots).round(stored.snapshot, SIGNAL), undefined);
      });
      await withPlace(directory, async (place) => {
        const peers = new Peers({ a: honest });
        await checkInstalled(place, await peers.fetch(place.snapshots).round(stored.snapshot, SIGNAL));
        assert.equal(peers.asked.length, chunks.length - 6);
        assert.ok(!peers.asked.includes('a manifest'));
      });
    }));
});

async function storeChunks({ snapshots, writer }: Place, count = chunks.length): Promise<void> {
  for (const [index, chunk] of chunks.slice(0, count).entries()) await snapshots.saveChunk(height, index, chunk);
  snapshots.save(stored);
  await writer.flush();
}

describe('a snapshot in the store', () => {
  it('is served whole or not at all', () =>
    inTemporaryDirectory((directory) =>
      withPlace(directory, async (place) => {
        const { snapshots } = place;
        const ask = (request: SnapshotRequest) =>
          collect(snapshotAnswers(snapshots, { checkpoint: async () => [], epochEnd: async () => undefined }, request));
        await storeChunks(place);
        assert.deepEqual(await ask({ kind: 'fetch-manifest', height }), honest({ kind: 'fetch-manifest', height }));
        assert.deepEqual((await ask({ kind: 'fetch-chunk', height, index: 3 })).length, 1);
        assert.deepEqual(await ask({ kind: 'fetch-chunk', height, index: chunks.length }), []);
        assert.deepEqual(await ask({ kind: 'fetch-chunk', height, index: 2 ** 32 - 1 }), []);
        assert.deepEqual(await ask({ kind: 'fetch-manifest', height: 2 ** 53 - 1 }), []);
        snapshots.save({ ...stored, isWhole: false });
        assert.deepEqual(await ask({ kind: 'fetch-manifest', height }), []);
        assert.deepEqual(await ask({ kind: 'fetch-chunk', height, index: 3 }), []);
      }),
    ));

  it('gives way to the two newest, and what a crash left goes at the next start', () =>
    inTemporaryDirectory((directory) =>
      withPlace(directory, async ({ snapshots, store, writer }) => {
        for (const at of [10, 20, 30, 40]) {
          for (const [index, chunk] of chunks.entries()) await snapshots.saveChunk(at, index, chunk);
          if (at !== 40) snapshots.save({ ...stored, snapshot: { ...stored.snapshot, height: at } });
        }
        await snapshots.sweep();
        await writer.flush();
        assert.deepEqual(
          (await snapshots.all()).map(({ snapshot }) => snapshot.height),
          [20, 30],
        );
        assert.equal((await collect(store.range(PREFIXES.snapshotChunk))).length, 2 * chunks.length);
      }),
    ));

  it('is not begun to be installed with a chunk missing or rotten', () =>
    inTemporaryDirectory((directory) =>
      withPlace(directory, async (place) => {
        await storeChunks(place, chunks.length - 1);
        const refused = () =>
          installSnapshot(stored, place.snapshots, place.writer, SOLO_GENESIS).then(() => undefined, codeOf);
        assert.equal(await refused(), 'WAGGLE_SNAPSHOT_CHUNK');
        await place.snapshots.saveChunk(height, chunks.length - 1, Uint8Array.of(1));
        assert.equal(await refused(), 'WAGGLE_SNAPSHOT_CHUNK');
        await place.writer.flush();
        assert.deepEqual(await collect(place.store.range(PREFIXES.row)), []);
      }),
    ));

  it('is installed anew at the next start when the node went down in the middle', () =>
    inTemporaryDirectory(async (directory) => {
      await withPlace(directory, async (place) => {
        await storeChunks(place);
        let puts = 0;
        const failing = {
          put: (change: Parameters<LedgerWriter['put']>[0]) => void (puts++ === 0 && place.writer.put(change)),
          flush: async () => {
            await place.writer.flush();
            if (puts > 1) throw new WaggleError('WAGGLE_STORE_FAILED');
          },
        };
        const failed = installSnapshot(stored, place.snapshots, failing, SOLO_GENESIS);
        assert.equal(await failed.then(() => undefined, codeOf), 'WAGGLE_STORE_FAILED');
      });
      const paths = {
        journal: join(directory, 'journal'),
        ledger: join(directory, 'ledger'),
        firstStart: join(directory, 'first'),
      };
      // An observer; a validator with nothing in its journal; one behind the fence, twice.
      const starts = [
        { config: OBSERVER },
        { config: SOLO_CONFIG, refused: 'WAGGLE_BOOT_ROLLBACK' },
        { config: SOLO_CONFIG, rejoin: true },
        { config: SOLO_CONFIG },
      ];
      for (const { config, rejoin, refused } of starts) {
        const starting = boot(config, SOLO_GENESIS, paths, { ...OPTIONS, rejoin: rejoin === true });
        if (refused !== undefined) {
          assert.equal(await starting.then(() => undefined, codeOf), refused);
          continue;
        }
        const { replica, journal, store, floor } = await starting;
        if (rejoin) await journal.append([encodeEntry({ kind: 'fence', view: undefined })]);
        assert.deepEqual(replica.executed, solo.replica.executed);
        assert.deepEqual(rowsOf(replica.state), rowsOf(solo.replica.state));
        assert.equal(floor.height, height);
        await journal.close();
        await store.close();
      }
    }));
});
