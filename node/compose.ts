import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { selfTestSignatures } from '../protocol/crypto/self-test.ts';
import type { Hash } from '../protocol/hash.ts';
import { toHex } from '../protocol/hex.ts';
import { type ConfigFlags, loadConfig, type NodeConfig } from './config/config.ts';
import { loadIdentity } from './config/identity.ts';
import { createLog } from './config/log.ts';
import { TokenFile } from './config/token-file.ts';
import { readTrusted } from './config/trusted-file.ts';
import { readVersion } from './config/version.ts';
import { Engine, type EngineOptions } from './driver/engine.ts';
import type { NodeFailure } from './driver/failure.ts';
import { WIRE_TAP_VARIABLE, WireTap } from './driver/wire-tap.ts';
import type { NodeApi } from './rpc/node-api.ts';
import { startRpc } from './rpc/server.ts';
import { createTokenVerifier } from './rpc/tokens.ts';
import { type Home, prepareHome } from './storage/home.ts';
import type { KeyLock } from './storage/key-lock.ts';

export interface NodeOptions {
  readonly home: string;
  /** Made from the configuration when absent: JSON lines on stderr, readable ones on a terminal. */
  readonly log?: Logger;
  readonly flags?: ConfigFlags;
  /** Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What to do when the node stopped by itself. Default: one line on stderr, and the process ends (crash-only). */
  readonly onFailure?: (failure: NodeFailure) => void;
  /** Make the ledger anew from its own blocks, the journal and peers, whatever its state (decision 009). */
  readonly repair?: boolean;
  /** Start behind the fence: this node's journal was lost or rolled back (consensus/README.md, F-01). */
  readonly rejoin?: boolean;
  /** A file with a checkpoint that the history must lead to (config/trusted-file.ts). */
  readonly trusted?: string | undefined;
  /** Opens the keys of this home, where they are sealed. */
  readonly lock?: KeyLock | undefined;
  /** For tests: smaller files, sooner compaction. */
  readonly storage?: Pick<EngineOptions, 'journalFileBytesMax' | 'journalBytesMax' | 'reserveBytes' | 'scrub'>;
}

export interface RunningNode {
  readonly name: string;
  readonly chain: Hash;
  readonly rpcUrl: string;
  /** Own multiaddrs with the peer id. */
  readonly p2pAddresses: readonly string[];
  readonly api: NodeApi;
  /** Resolves only when the node stopped by itself; it is still to be closed by `stop`. */
  readonly failed: Promise<NodeFailure>;
  /** In reverse order of the start; once. */
  stop(): Promise<void>;
}

const HEARTBEAT_MS = 30_000;
/** Where the daemon of a home listens, for the commands. */
const RPC_FILE = 'rpc.json';

/**
 * Start the node of a home: lock, configuration, identity, self-test, boot, network, RPC.
 * @throws WaggleError of the part that refused: WAGGLE_HOME_*, WAGGLE_CONFIG_*, WAGGLE_GENESIS_*, WAGGLE_KEY_*, WAGGLE_TRUST_*,
 *   WAGGLE_CRYPTO_ENGINE, WAGGLE_BOOT_*, WAGGLE_JOURNAL_*, WAGGLE_STORE_*, WAGGLE_NETWORK_*, WAGGLE_RPC_*
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  selfTestSignatures();
  const home = await prepareHome(options.home);
  const stops: (() => Promise<void>)[] = [() => home.release()];
  try {
    const config = await loadConfig(home.config, options.flags ?? {}, options.env ?? process.env);
    return await startInHome(options, home, config, stops);
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

async function startInHome(
  options: NodeOptions,
  home: Home,
  config: NodeConfig,
  stops: (() => Promise<void>)[],
): Promise<RunningNode> {
  const identity = await loadIdentity(home, config.name, config.role, options.lock);
  const trusted = options.trusted === undefined ? undefined : await readTrusted(options.trusted, identity.genesis);
  const version = await readVersion();
  const root = options.log ?? (await createLog(config.log.level, process.stderr.isTTY === true));
  const log = root.child({ node: identity.name });
  const onFault = (reason: string): void => log.error({ event: 'rpc.tokens-unusable', reason });
  const tokens = await TokenFile.open(home.tokens, { onFault });
  const { promise: failed, resolve: onFailed } = Promise.withResolvers<NodeFailure>();
  const onFailure = (failure: NodeFailure): void => {
    onFailed(failure);
    (options.onFailure ?? endProcess)(failure);
  };
  const { listen, dial } = config.p2p;
  const tapped = (options.env ?? process.env)[WIRE_TAP_VARIABLE];
  const engine = await Engine.open({
    paths: home,
    identity,
    listen,
    dial,
    version,
    log,
    onFailure,
    rejoin: options.rejoin === true,
    retentionBlocks: config.retention.blocks,
    agentMode: config.agent.mode,
    repair: options.repair === true,
    trusted,
    lock: options.lock,
    tap: tapped === undefined ? undefined : new WireTap(tapped, identity.name),
    ...options.storage,
  });
  stops.push(() => engine.stop());
  const { api } = engine;
  const rpc = await startRpc(api, {
    ...config.rpc,
    tokens: createTokenVerifier(() => tokens.current()),
    onInternalError: (method, error) => log.error({ event: 'rpc.internal', method, err: error }),
  });
  stops.push(() => rpc.close());
  stops.push(await writeRpcFile(home.directory, rpc.url));
  stops.push(startHeartbeat(engine, log));
  const p2pAddresses = engine.addresses();
  log.info({
    event: 'node.started',
    chain: toHex(api.chain),
    version,
    rpc: rpc.url,
    p2p: p2pAddresses,
    pid: process.pid,
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= stopAll(stops).then(() => log.info({ event: 'node.stopped' }));
    return stopped;
  };
  return { name: identity.name, chain: api.chain, rpcUrl: rpc.url, p2pAddresses, api, failed, stop };
}

/** Last started, first stopped; one that fails does not keep the others from stopping. */
async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
    await stop().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

/** Whole or not at all: a command may read it at any time. */
async function writeRpcFile(directory: string, url: string): Promise<() => Promise<void>> {
  const path = join(directory, RPC_FILE);
  await writeFile(`${path}.new`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return () => rm(path, { force: true });
}

/** One line in 30 s that explains itself. */
function startHeartbeat(engine: Engine, log: Logger): () => Promise<void> {
  const timer = setInterval(() => {
    const { ready, notReadyReason, height, finalHeight, view } = engine.api.status();
    const facts = engine.gauges();
    log.info({
      event: 'node.heartbeat',
      ready,
      ...(notReadyReason === undefined ? {} : { notReadyReason }),
      height,
      finalHeight,
      view,
      validators: facts.network_connected_validators + 1,
      queued: facts.driver_queued_inputs,
      pending: facts.driver_pending_submissions,
      residentBytes: facts.process_resident_bytes,
    });
  }, HEARTBEAT_MS);
  timer.unref();
  return async () => clearInterval(timer);
}

/** Nothing is flushed: what was promised is on the disk, and a stopping node must not promise more. */
function endProcess({ exitCode, line, code }: NodeFailure): void {
  process.stderr.write(`waggle: ${line} (${code})\n`);
  process.exit(exitCode);
}
