import { WaggleError } from '../../../protocol/errors.ts';
import type { Genesis } from '../../../protocol/genesis.ts';
import { hint } from '../io.ts';
import { makeDirectory } from '../make-directory.ts';
import { lockForNewKeys, type PassphraseOptions } from '../passphrase.ts';
import type { CliContext } from '../program.ts';

export interface InitOptions extends PassphraseOptions {
  readonly home?: string;
  readonly observer?: boolean;
  readonly name: string;
  readonly network: string;
  readonly shards: number;
  readonly rpcPort: number;
  readonly p2pPort: number;
}

const VIEW_TIMER_MS = 100;
const BLOCK_INTERVAL_MS = 25;

/** `waggle init`: a home for a network of one validator, who opens sessions and administers; or keys for a guest. */
export async function initHome(options: InitOptions, context: CliContext): Promise<void> {
  if (options.observer === true) return initObserverHome(options, context);
  const { io } = context;
  const [{ createHome }, { homeDirectory }, { peerIdOf }, keys, genesisRoom, { parseId }, { toHex }] =
    await Promise.all([
      import('../../config/create-home.ts'),
      import('../../storage/home.ts'),
      import('../../network/identity.ts'),
      import('../../../protocol/crypto/keys.ts'),
      import('../../../protocol/genesis.ts'),
      import('../../../protocol/ids.ts'),
      import('../../../protocol/hex.ts'),
    ]);
  const directory = homeDirectory(options.home, io.env);
  const [nodeSeed, validator] = [keys.exportSeed(keys.generateKeyPair()), keys.generateKeyPair()];
  const key = validator.publicKey;
  const addrs = [`/ip4/127.0.0.1/tcp/${options.p2pPort}`];
  const genesis: Genesis = {
    network: parseId(options.network),
    createdAt: new Date().toISOString(),
    validators: [{ name: parseId(options.name), key, peer: peerIdOf(nodeSeed), addrs }],
    models: [],
    spaces: [{ id: parseId('main'), title: 'Main', openers: [key] }],
    admins: { keys: [key], threshold: 1 },
    params: { shards: options.shards, viewTimerMs: VIEW_TIMER_MS, blockIntervalMs: BLOCK_INTERVAL_MS },
  };
  const lock = await lockForNewKeys(options);
  const facts = { genesis, name: options.name, rpcPort: options.rpcPort, listen: addrs, nodeSeed, lock };
  await writable(directory, () => createHome(directory, { ...facts, validatorSeed: keys.exportSeed(validator) }));
  io.out(`home ${directory}\nchain ${toHex(genesisRoom.chainId(genesis))}\n`);
  hint(io, `waggle start${options.home === undefined ? '' : ` --home ${options.home}`}`);
}

async function initObserverHome(options: InitOptions, { io }: CliContext): Promise<void> {
  const [{ initObserver }, { homeDirectory }] = await Promise.all([
    import('../joining/observer-home.ts'),
    import('../../storage/home.ts'),
  ]);
  const directory = homeDirectory(options.home, io.env);
  const peer = await initObserver(directory, options.name, options.rpcPort, await lockForNewKeys(options));
  io.out(`home ${directory}\npeer ${peer}\n`);
  const flags = options.home === undefined ? '' : ` --home ${options.home}`;
  hint(io, `a validator’s operator types waggle invite ${options.name} --peer ${peer}; then waggle join FILE${flags}`);
}

async function writable(path: string, make: () => Promise<unknown>): Promise<void> {
  try {
    await makeDirectory(path);
    await make();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof WaggleError || code === undefined) throw error;
    throw new WaggleError('WAGGLE_HOME_UNWRITABLE', { path, reason: code });
  }
}
