import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { WaggleError } from '../../protocol/errors.ts';
import type { BootPaths } from '../driver/boot.ts';
import { encodeEntry, type StoredEntry } from '../driver/journal-entries.ts';
import { changeOf } from '../driver/ledger-change.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { bootOrRepair, type RepairTools } from '../driver/repair.ts';
import type { RepairPeers } from '../driver/repair-peers.ts';
import { ownShelf } from '../driver/repair-sources.ts';
import { openJournal } from '../storage/journal.ts';
import { PREFIXES } from '../storage/keys.ts';
import { type LedgerStore, openLedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { SOLO_CONFIG, SOLO_GENESIS, Solo } from './solo.ts';

export const OPTIONS = { reserveBytes: 4_096 };
export type Level = ClassicLevel<Uint8Array, Uint8Array>;

export function pathsIn(directory: string): BootPaths {
  const [journal, ledger] = [join(directory, 'journal'), join(directory, 'ledger')];
  return { journal, ledger, firstStart: join(directory, 'first-start') };
}

export async function withLevel<Result>(directory: string, use: (level: Level) => Promise<Result>): Promise<Result> {
  const path = join(pathsIn(directory).ledger, 'db');
  const level: Level = new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' });
  await level.open();
  try {
    return await use(level);
  } finally {
    await level.close();
  }
}

/** A home with a session and a few ballots; the journal gave up all below `floor`, or nothing. */
export async function leaveHome(directory: string, hasFloor: boolean): Promise<Solo> {
  await mkdir(directory, { recursive: true });
  const solo = new Solo();
  solo.open(true);
  const first = solo.ballot('a', 3);
  solo.vote([first, solo.ballot('b', 9)]);
  solo.vote([solo.ballot('a', 4, 's1', first.id), solo.ballot('a', 5)]);
  const { store } = await openLedgerStore(pathsIn(directory).ledger, OPTIONS);
  const writer = new LedgerWriter(store, 0, (error) => assert.fail(String(error)));
  for (const executed of solo.executed) writer.put(changeOf([executed], solo.replica.state));
  await writer.close();
  await store.close();
  const { height } = solo.replica.executed;
  const floor: StoredEntry = { kind: 'floor', executedHeight: height };
  const certificates = solo.entries.filter(({ kind }) => kind === 'certificate');
  const { journal, records } = await openJournal(pathsIn(directory).journal);
  await collect(records);
  await journal.append((hasFloor ? [floor, ...certificates] : solo.entries).map(encodeEntry));
  await journal.close();
  return solo;
}

/** Records by key, as hex; what a node alone knows of (its own sums, when it wrote them) left out. */
export async function contentOf(store: LedgerStore): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  for (const prefix of Object.values(PREFIXES)) {
    for await (const { key, value } of store.range(prefix)) {
      const name = `${prefix} ${Buffer.from(key).toString('hex')}`;
      if (!(prefix === PREFIXES.meta && Buffer.from(key).toString() === 'sums')) {
        content.set(name, Buffer.from(value).toString('hex'));
      }
    }
  }
  return content;
}

/** Peers that have what a whole store has. */
export function peersWith(directory: string | undefined, asked: number[] = []): RepairPeers {
  return {
    async fetch(height, _roster, isEnough) {
      asked.push(height);
      if (directory !== undefined) {
        const { store } = await openLedgerStore(pathsIn(directory).ledger, OPTIONS);
        try {
          const shelf = ownShelf(store);
          const held = new Map<number, Awaited<ReturnType<typeof shelf.block>>>();
          for (let at = height; at < height + 3; at++) held.set(at, await shelf.block(at));
          const kept = { ...shelf, block: async (at: number) => held.get(at) ?? { damage: 'missing' } };
          if (await isEnough(kept)) return { ...kept, segment: async () => ({ damage: 'missing' }) };
        } finally {
          await store.close();
        }
      }
      throw new WaggleError('WAGGLE_REPAIR_SOURCE', { height, record: 'block', reason: 'no peer has it' });
    },
  };
}

export function toolsWith(peers: RepairPeers, events: string[] = []): RepairTools {
  return {
    withPeers: (_left, use) => use(peers),
    onBegin: (reason) => void events.push(reason),
    onProgress: () => undefined,
    onEnd: ({ height, fetched }) => void events.push(`height ${height} fetched ${fetched}`),
  };
}

export async function repairIn(directory: string, peers: RepairPeers, options = {}, events: string[] = []) {
  const tools = toolsWith(peers, events);
  return bootOrRepair(SOLO_CONFIG, SOLO_GENESIS, pathsIn(directory), { ...OPTIONS, ...options }, tools);
}

/** What a whole ledger of the same history holds. */
export async function expectedContent(directory: string): Promise<Map<string, string>> {
  const { store } = await openLedgerStore(pathsIn(directory).ledger, OPTIONS);
  const content = await contentOf(store);
  await store.close();
  return content;
}
