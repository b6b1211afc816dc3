import { parseArgs } from 'node:util';
import { listenForSignals } from '../../testnet/network/ending.ts';
import { type OpenTestnet, openTestnet } from '../../testnet/network/open.ts';
import { openEtcd } from './peers/etcd.ts';
import { incumbentPeer } from './peers/incumbent.ts';
import { openJetStream } from './peers/jetstream.ts';
import { openOrbitDb } from './peers/orbitdb.ts';
import { BATCH, ENTRY_BYTES, type Peer, type Rate } from './peers/rates.ts';
import { findProgram } from './peers/servers.ts';
import { type Round, ratiosOf } from './peers/verdict.ts';
import { waggleOf } from './peers/waggle.ts';
import { figure } from './report/figure.ts';

/*
 * `npm run bench -- peers [--rounds 5] [--entries 10000] [--singles 2000] [--with-orbitdb]`: P3 of the goals. Waggle beside
 * what one would pick instead, on this machine, in one run: all are up, and take turns under the same load. etcd and NATS
 * are taken from the system when they are installed; what is absent is said, and has no ratio.
 */

const CLIENTS = 64;
/** Batches on their way at a time. */
const LANES = 16;
const WARM_UP = 0.2;
const EXIT_FAILED = 70;
const ETCD_NODES = [3, 4];
const INSTALL = 'not installed: apt-get install etcd-server nats-server';
const LEFT_OUT = 'left out: --with-orbitdb lets npm install it into a temporary folder';

interface Options {
  readonly rounds: number;
  readonly entries: number;
  readonly singles: number;
  readonly seed: number;
  readonly withOrbitDb: boolean;
}

/** The peers that run, and why the others do not. */
interface Field {
  readonly peers: Peer[];
  readonly absent: Record<string, string>;
}

const progress = (line: string): void => console.error(line);

/** Waggle's network is up already; what cannot be opened beside it is absent. */
async function openField(testnet: OpenTestnet, options: Options, closing: AsyncDisposableStack): Promise<Field> {
  const { entries, singles, seed } = options;
  const field: Field = { peers: [await waggleOf(testnet, Math.max(entries, singles))], absent: {} };
  const add = async (name: string, open: () => Promise<Peer>): Promise<void> => {
    try {
      field.peers.push(await open());
    } catch (error) {
      field.absent[name] = error instanceof Error ? error.message : String(error);
    }
  };
  const [etcd, nats] = [findProgram('etcd'), findProgram('nats-server')];
  if (etcd === undefined) field.absent.etcd = INSTALL;
  else for (const nodes of ETCD_NODES) await add(`etcd-${nodes}`, () => openEtcd(etcd, nodes, seed, closing));
  if (nats === undefined) field.absent.jetstream = INSTALL;
  else await add('jetstream', () => openJetStream(nats, seed, closing));
  if (options.withOrbitDb) await add('orbitdb', () => openOrbitDb(seed, closing));
  else field.absent.orbitdb = LEFT_OUT;
  field.peers.push(incumbentPeer());
  for (const { name, acknowledges } of field.peers) progress(`${name} acknowledges what is ${acknowledges}`);
  for (const [name, reason] of Object.entries(field.absent)) progress(`${name} is absent: ${reason}`);
  return field;
}

/** One turn of each load for each peer; the loads of all peers stand beside each other in time. */
async function playRound(round: number, peers: readonly Peer[], options: Options): Promise<Round> {
  const rates = { single: new Map<string, Rate>(), batch: new Map<string, Rate>() };
  for (const load of ['single', 'batch'] as const) {
    const [entries, lanes] = load === 'single' ? [options.singles, CLIENTS] : [options.entries, LANES];
    for (const peer of peers) {
      const rate = await peer[load]?.(entries, lanes);
      if (rate === undefined) continue;
      rates[load].set(peer.name, rate);
      figure(`peers/${load}`, { peer: peer.name, round, ...rate });
    }
  }
  return rates;
}

async function measure({ peers, absent }: Field, options: Options): Promise<void> {
  const { rounds, entries, singles } = options;
  const withoutIncumbent = peers.filter(({ name }) => name !== 'incumbent');
  const warmUp = { ...options, entries: Math.ceil(entries * WARM_UP), singles: Math.ceil(singles * WARM_UP) };
  await playRound(0, withoutIncumbent, warmUp);
  const played: Round[] = [];
  for (let round = 1; round <= rounds; round++) played.push(await playRound(round, peers, options));
  const ratios = ratiosOf(played);
  for (const { name, times, low, high, aim, isMet } of ratios) {
    const verdict = isMet === null ? 'absent' : isMet ? 'pass' : 'miss';
    figure(`peers/ratio/${name}`, { times: times ?? 'none', low: low ?? 'none', high: high ?? 'none', aim, verdict });
  }
  const acknowledges = Object.fromEntries(peers.map((peer) => [peer.name, peer.acknowledges]));
  const load = { entryBytes: ENTRY_BYTES, clients: CLIENTS, batch: BATCH, batchesInFlight: LANES, ...options };
  const byName = Object.fromEntries(ratios.map(({ name, times }) => [name, times]));
  console.log(JSON.stringify({ ratios: byName, verdicts: ratios, absent, acknowledges, load }));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      entries: { type: 'string', default: '10000' },
      singles: { type: 'string', default: '2000' },
      'with-orbitdb': { type: 'boolean', default: false },
      'limit-s': { type: 'string', default: '900' },
    },
  });
  const options = {
    rounds: Number(values.rounds),
    entries: Number(values.entries),
    singles: Number(values.singles),
    withOrbitDb: values['with-orbitdb'],
    seed: Number(process.env.WAGGLE_BENCH_SEED ?? '1'),
  };
  const ending = listenForSignals();
  const closing = new AsyncDisposableStack();
  const limit = Promise.withResolvers<never>();
  const late = (): void => limit.reject(new Error(`not done after ${values['limit-s']} s`));
  const timer = setTimeout(late, Number(values['limit-s']) * 1_000);
  try {
    const testnet = await openTestnet({ nodes: 4, shards: 4, ephemeral: true, detach: false }, progress, ending);
    closing.defer(() => testnet.close());
    const work = openField(testnet, options, closing).then((field) => measure(field, options));
    await ending.race(Promise.race([limit.promise, work]));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = EXIT_FAILED;
  } finally {
    clearTimeout(timer);
    await closing.disposeAsync();
    ending.stop();
  }
}

await main();
