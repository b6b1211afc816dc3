import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { runProgram } from '../compare/run-program.ts';
import type { Answer, Order } from './orbitdb-peer.ts';
import { ENTRY_BYTES, madeUpEntry, type Peer, rateOf } from './rates.ts';
import { endChild } from './servers.ts';

/** One set that is known to work together. Nothing of it is ours to ship: it goes into a temporary folder. */
const PACKAGES = {
  '@orbitdb/core': '4.0.0',
  helia: '6.1.4',
  libp2p: '3.3.11',
  '@libp2p/tcp': '11.0.28',
  '@libp2p/identify': '4.1.14',
  '@libp2p/gossipsub': '15.0.16',
  '@chainsafe/libp2p-noise': '17.0.0',
  '@chainsafe/libp2p-yamux': '8.0.1',
  'blockstore-level': '3.0.2',
} as const;

const PEERS = 4;
/** It is slow: more of them would only take longer. */
const ENTRIES = 200;
const INSTALL_TIMEOUT_MS = 300_000;
const ANSWER_TIMEOUT_MS = 120_000;
const SCRIPT = 'orbitdb-peer.ts';

type Child = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Four peers of OrbitDB with one log to which all of them write: an entry counts when every peer has it.
 * @throws Error npm cannot install it here, or a peer does not answer
 */
export async function openOrbitDb(seed: number, closing: AsyncDisposableStack): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), 'waggle-peers-orbitdb-'));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  await install(folder, closing);
  await copyFile(join(import.meta.dirname, SCRIPT), join(folder, SCRIPT));
  const peers: OrbitPeer[] = [];
  const dial: string[] = [];
  let address: string | undefined;
  for (let at = 0; at < PEERS; at++) {
    const peer = new OrbitPeer(folder, at, closing);
    peers.push(peer);
    const opened = await peer.ask({ open: address, dial });
    address ??= opened.address;
    dial.push(...(opened.multiaddrs ?? []).slice(0, 1));
  }
  const acknowledges = `in the log of all ${PEERS} peers, not synced`;
  return { name: 'orbitdb', acknowledges, single: () => load(peers, seed) };
}

async function install(folder: string, closing: AsyncDisposableStack): Promise<void> {
  const manifest = { private: true, type: 'module', dependencies: PACKAGES };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const options = { cwd: folder, timeoutMs: INSTALL_TIMEOUT_MS };
  await runProgram('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], options, closing);
}

async function load(peers: readonly OrbitPeer[], seed: number) {
  const startedMs = performance.now();
  const answers = await Promise.all(
    peers.map((peer, at) => {
      const add = Array.from({ length: ENTRIES / PEERS }, (_, entry) => textOf(seed, at * ENTRIES + entry));
      return peer.ask({ add, total: ENTRIES });
    }),
  );
  const cameMs = answers.flatMap((answer) => answer.cameMs ?? []);
  return rateOf(ENTRIES, performance.now() - startedMs, cameMs);
}

/** As long as the entries of the others; it stores text. */
function textOf(seed: number, at: number): string {
  return Buffer.from(madeUpEntry(seed, at)).toString('base64').slice(0, ENTRY_BYTES);
}

class OrbitPeer {
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;

  constructor(folder: string, at: number, closing: AsyncDisposableStack) {
    if (closing.disposed) throw new Error('the benchmark is ending');
    // In a group of its own; it ends when its stdin does, also when this process dies.
    this.#child = spawn(process.execPath, [join(folder, SCRIPT), String(at)], {
      cwd: folder,
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin.on('error', () => undefined);
    closing.defer(() => endChild(this.#child));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error when it ends, or takes too long */
  async ask(order: Order): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('OrbitDB does not answer')), ANSWER_TIMEOUT_MS);
    try {
      const { value, done } = await Promise.race([this.#lines.next(), late.promise]);
      if (done === true) throw new Error('a peer of OrbitDB ended');
      return JSON.parse(value) as Answer;
    } finally {
      clearTimeout(timer);
    }
  }
}
