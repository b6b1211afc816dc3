import { setTimeout as sleep } from 'node:timers/promises';
import { pipe } from 'it-pipe';
import type { Logger } from 'pino';
import type { Message, ReplicaConfig } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../consensus/wire.ts';
import { Counters } from '../network/counters.ts';
import { createNetwork, type Network, type NetworkHandlers, type NetworkOptions } from '../network/network.ts';
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
  readonly network: NetworkOptions;
  readonly config: ReplicaConfig;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}): RepairTools {
  const { config, log } = parts;
  let toldMs = performance.now();
  return {
    async withPeers(left, use) {
      const network = createNetwork(parts.network);
      const ending = new AbortController();
      try {
        await network.start(handlersOf(left));
        return await use(repairPeersOf(network, config, ending.signal, new Counters()));
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

function handlersOf(left: Salvage | undefined): NetworkHandlers {
  const source = { get: left?.get.bind(left) ?? (async () => undefined), range: async () => [] };
  const reader = new LedgerReader(source, []);
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
      if (message.kind === 'fetch-final') yield* finalAnswers(reader, message.from);
    }
  };
}

async function* encodeAll(messages: AsyncIterable<Message>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield encodeMessage(message);
}
