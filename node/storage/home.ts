import { constants, type Dirent } from 'node:fs';
import { access, mkdir, readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { takeLock } from './home-lock.ts';

/** Where everything of one node stands (interface.md, Files). The journal is apart from the ledger: a reset keeps it. */
export interface HomePaths {
  readonly directory: string;
  readonly genesis: string;
  readonly config: string;
  readonly keys: string;
  readonly nodeKey: string;
  readonly validatorKey: string;
  /** Of an observer, which has no validator.key. */
  readonly operatorKey: string;
  readonly modelKeys: string;
  readonly journal: string;
  readonly ledger: string;
  readonly tokens: string;
  /** There from the making of a home to its first start: only then may the journal be missing. */
  readonly firstStart: string;
  readonly lock: string;
}

export interface Home extends HomePaths {
  /** Give up the lock; the home may be opened again. */
  release(): Promise<void>;
}

/** Paths of a home, without touching the disk. */
export function homePaths(directory: string): HomePaths {
  const root = resolve(directory);
  const keys = join(root, 'keys');
  return {
    directory: root,
    genesis: join(root, 'genesis.json'),
    config: join(root, 'config.yaml'),
    keys,
    nodeKey: join(keys, 'node.key'),
    validatorKey: join(keys, 'validator.key'),
    operatorKey: join(keys, 'operator.key'),
    modelKeys: join(keys, 'models'),
    journal: join(root, 'journal'),
    ledger: join(root, 'ledger'),
    tokens: join(root, 'tokens'),
    firstStart: join(root, 'first-start'),
    lock: join(root, 'lock'),
  };
}

/** `--home`, else WAGGLE_HOME, else the XDG data directory. @throws WaggleError WAGGLE_HOME_UNKNOWN none of them is set */
export function homeDirectory(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const named = flag || env.WAGGLE_HOME;
  if (named) return resolve(named);
  // The XDG specification has relative paths ignored.
  if (env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME)) return join(env.XDG_DATA_HOME, 'waggle');
  if (env.HOME && isAbsolute(env.HOME)) return join(env.HOME, '.local', 'share', 'waggle');
  throw new WaggleError('WAGGLE_HOME_UNKNOWN');
}

/**
 * Make what is missing of a home (directories 0700), check that it can be written and that keys are for the owner only, and
 * take its lock.
 * @throws WaggleError WAGGLE_HOME_UNWRITABLE {path, reason}
 * @throws WaggleError WAGGLE_HOME_LOCKED {pid} a node runs on it: exit 75
 * @throws WaggleError those of requirePrivateKeys
 */
export async function prepareHome(directory: string): Promise<Home> {
  const paths = homePaths(directory);
  for (const path of [paths.directory, paths.keys, paths.modelKeys, paths.journal, paths.ledger, paths.tokens]) {
    await writableAt(path, async () => {
      await mkdir(path, { recursive: true, mode: 0o700 });
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    });
  }
  await requirePrivateKeys(paths);
  await ownerOnly(paths.tokens);
  // Taking the lock writes: a file system mounted read-only is found here even by root.
  const release = await writableAt(paths.lock, () => takeLock(paths.lock));
  return { ...paths, release };
}

async function writableAt<Result>(path: string, use: () => Promise<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    if (codeOf(error) !== undefined) throw error;
    throw new WaggleError('WAGGLE_HOME_UNWRITABLE', { path, reason: (error as NodeJS.ErrnoException).code });
  }
}

/**
 * Key directories, where they are, for the owner only, and so every file in them: a mode that was loosened is noticed before
 * anything is signed (reliability.md 4, secrets). Directories may be links: what counts is where they lead.
 * @throws WaggleError WAGGLE_KEY_MODE {path, mode}; WAGGLE_KEY_LINK {path}: a key that is a link may be changed from elsewhere
 */
export async function requirePrivateKeys({ keys, modelKeys }: Pick<HomePaths, 'keys' | 'modelKeys'>): Promise<void> {
  for (const directory of [keys, modelKeys]) {
    await ownerOnly(directory);
    for (const entry of await entriesOf(directory)) {
      const path = join(directory, entry.name);
      if (path === modelKeys || !KEY_FILE.test(entry.name)) continue;
      if (entry.isSymbolicLink()) throw new WaggleError('WAGGLE_KEY_LINK', { path });
      await ownerOnly(path);
    }
  }
}

/** Keys, next and old ones of rotations, and what a broken-off write left. */
const KEY_FILE = /\.key(?:\.next|\.old)?$|^\..*\.new$/;

async function entriesOf(directory: string): Promise<Dirent[]> {
  return await readdir(directory, { withFileTypes: true }).catch(whenAbsent<Dirent[]>([]));
}

async function ownerOnly(path: string): Promise<void> {
  const stats = await stat(path).catch(whenAbsent(undefined));
  const mode = (stats?.mode ?? 0) & 0o777;
  if ((mode & 0o077) !== 0) throw new WaggleError('WAGGLE_KEY_MODE', { path, mode: mode.toString(8) });
}

function whenAbsent<Value>(value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
}
