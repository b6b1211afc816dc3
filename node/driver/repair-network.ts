import { setTimeout as sleep } from 'node:timers/promises';
import { pipe } from 'it-pipe';
import type { Logger } from 'pino';
import type { Message, ReplicaConfig } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../consensus/wire.ts';
import { nextEpochBy } from '../../protocol/receipt/epoch-proof.ts';
import { createRoster, type Roster } from '../../protocol/roster.ts';
import { Counters } from '../network/counters.ts';
import { createNetwork, type Network, type NetworkHandlers, type NetworkOptions } from '../network/network.ts';
import type { PeerDescription } from '../network/peers.ts';
import type { Salvage } from '../storage/ledger-files.ts';
import { finalAnswers } from './archive.ts';
import { LedgerReader } from './ledger-reader.ts';
import type { RepairTools } from './repair.ts';
import { createRepairPeers, type RepairPeers } from './repair-peers.ts';

const PROGRESS_MS = 5_000;

export function repairPeersOf(
  network: Network,
  config: ReplicaConfig,
  signal: AbortSignal,
  counters: Counters,
): RepairPeers {
  return createRepairPeers({
    network,
    config,
    signal,
    onRefused: (reason) => counters.bump(`repair.refused.${reason}`),
    sleep: (ms) => sleep(ms, undefined, { signal }).catch(() => undefined),
  });
}

/** For a repair at the start: a network that asks and answers for finalized blocks and does nothing else. It signs nothing. */
export function createRepairTools(parts: {
  /** As of genesis. */
  readonly network: NetworkOptions;
  readonly peersOf: (roster: Roster) => readonly PeerDescription[];
  readonly config: ReplicaConfig;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}): RepairTools {
  const { config, log, peersOf } = parts;
  let toldMs = performance.now();
  return {
    async withPeers(left, use) {
      const newest = await newestRoster(left, config);
      const network = createNetwork({ ...parts.network, peers: peersOf(newest) });
      const ending = new AbortController();
      try {
        await network.start(handlersOf(left));
        const peers = repairPeersOf(network, config, ending.signal, new Counters());
        const { shards, dialsAll = false } = parts.network;
        return await use(following(peers, newest, (roster) => network.setRoster(peersOf(roster), shards, dialsAll)));
      } finally {
        ending.abort();
        await network.stop();
      }
    },
    onBegin: (reason) => log.warn({ event: 'ledger.rebuild', reason }),
    onProgress(progress) {
      if (performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      log.info({ event: 'ledger.rebuilding', ...progress });
    },
    onEnd: (progress) => log.warn({ event: 'ledger.rebuilt', ...progress }),
  };
}

/** Whom a repair asks: validators of the newest epoch that what is left here proves, since those of genesis may all be gone. */
export async function newestRoster(left: Pick<Salvage, 'get'> | undefined, config: ReplicaConfig): Promise<Roster> {
  const { chain, verify } = config;
  const reader = readerOf(left);
  let { roster } = config;
  for (;;) {
    const proof = await reader.epochEnd(roster.epoch).catch(() => undefined);
    const next = proof && nextEpochBy(chain, roster, proof, verify);
    if (next === undefined) return roster;
    roster = createRoster(chain, next.epoch, next.validators);
  }
}

/** A repair that comes to a later epoch than was known asks the validators of that one. */
export function following(peers: RepairPeers, known: Roster, setRoster: (roster: Roster) => void): RepairPeers {
  let newest = known.epoch;
  return {
    fetch(height, roster, isEnough) {
      if (roster.epoch > newest) {
        newest = roster.epoch;
        setRoster(roster);
      }
      return peers.fetch(height, roster, isEnough);
    },
  };
}

function readerOf(left: Pick<Salvage, 'get'> | undefined): LedgerReader {
  return new LedgerReader({ get: left?.get.bind(left) ?? (async () => undefined), range: async () => [] }, () => '');
}

function handlersOf(left: Salvage | undefined): NetworkHandlers {
  const reader = readerOf(left);
  return {
    onSegment: () => 'ignore',
    onFrame: () => undefined,
    onPeer: () => undefined,
    serveSubmit: async function* () {},
    serveSync: (_from, bytes) => pipe([bytes], answerFinals(reader), encodeAll),
  };
}

function answerFinals(reader: LedgerReader) {
  return async function* (requests: Iterable<Uint8Array>): AsyncGenerator<Message> {
    for (const bytes of requests) {
      const message = decodeMessage(bytes);
      if (message.kind === 'fetch-final') yield* finalAnswers(reader, message.from, message.epoch);
    }
  };
}

async function* encodeAll(messages: AsyncIterable<Message>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield encodeMessage(message);
}
