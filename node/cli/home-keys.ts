import { codeOf } from '../../protocol/errors.ts';
import { type Id, isId, toId } from '../../protocol/ids.ts';
import type { HomePaths } from '../storage/home.ts';
import type { KeySubject } from '../storage/key-format.ts';
import type { KeyLock } from '../storage/key-lock.ts';
import { usage } from './arguments.ts';
import type { OutputFormat } from './output.ts';
import { lockForNewKeys, lockForSealedKeys, type PassphraseOptions } from './passphrase.ts';
import type { CliContext } from './program.ts';
import { shellWord } from './typed-command.ts';

export interface KeyOptions extends PassphraseOptions {
  readonly home?: string;
  readonly output: OutputFormat;
}

/** A key that may be in a home: whose it is, and where. */
export interface KeyPlace {
  readonly name: string;
  readonly kind: 'node' | 'model';
  readonly subject: KeySubject;
  readonly path: string;
}

/**
 * The id of a model whose key is touched. Another spelling is no id here: a file would get another name than was typed.
 * @throws WaggleError WAGGLE_CLI_USAGE, with the id that may have been meant
 */
export function modelArgument(text: string): Id {
  if (isId(text)) return text;
  const meant = toId(text);
  const suggestion = meant === undefined ? '' : ` (Did you mean ${meant}?)`;
  const rule = 'lower-case letters, digits, dots, hyphens, underscores, at most 64';
  throw usage(`model '${text}' is no id: ${rule}${suggestion}`, undefined, { written: text, meant });
}

/** How a next command reaches the same home. */
export function homeFlag({ home }: Pick<KeyOptions, 'home'>): string {
  return home === undefined ? '' : ` --home ${shellWord(home)}`;
}

/** Paths of a home whose keys nobody else can read. @throws WaggleError WAGGLE_KEY_MODE, WAGGLE_KEY_LINK */
export async function pathsOf(home: string | undefined, { io }: CliContext): Promise<HomePaths> {
  const { homeDirectory, homePaths, requirePrivateKeys } = await import('../storage/home.ts');
  const paths = homePaths(homeDirectory(home, io.env));
  await requirePrivateKeys(paths);
  return paths;
}

/** Every key a home may have. @throws WaggleError WAGGLE_KEY_NAME {path} */
export async function keyPlaces(paths: HomePaths): Promise<KeyPlace[]> {
  const { modelKeyNames, modelKeyPaths, modelSubject } = await import('../storage/keystore.ts');
  const seats = [
    ['node', paths.nodeKey],
    ['validator', paths.validatorKey],
    ['operator', paths.operatorKey],
  ] as const;
  const models = await modelKeyNames(paths.modelKeys).catch((error: NodeJS.ErrnoException): Id[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return [
    ...seats.map(([name, path]): KeyPlace => ({ name, kind: 'node', subject: name, path })),
    ...models.map(
      (id): KeyPlace => ({
        name: id,
        kind: 'model',
        subject: modelSubject(id),
        path: modelKeyPaths(paths.modelKeys, id).current,
      }),
    ),
  ];
}

/** The lock of the keys of a home, proven on one of them; undefined where they are plain, or shall be. @throws as lockForNewKeys */
export async function homeLock(paths: HomePaths, options: PassphraseOptions): Promise<KeyLock | undefined> {
  const { keyFacts, loadKey } = await import('../storage/keystore.ts');
  let isPlain = false;
  for (const { path, subject, kind } of await keyPlaces(paths)) {
    // A damaged key of one model keeps no other from being made or mended.
    const facts = await keyFacts(path).catch((error: unknown) => {
      if (kind === 'model' && codeOf(error) === 'WAGGLE_KEY_DAMAGED') return undefined;
      throw error;
    });
    isPlain ||= facts?.encrypted === false;
    if (facts?.encrypted !== true) continue;
    const lock = await lockForSealedKeys(options, 'Passphrase of this home: ');
    await loadKey(path, subject, lock);
    return lock;
  }
  if (!isPlain) return await lockForNewKeys(options);
  if (options.passphraseFile === undefined && options.passphraseFd === undefined) return undefined;
  // Whoever gives a passphrase counts on it.
  throw usage(
    `the keys of ${paths.directory} are not sealed, so the passphrase would do nothing: --plain says it is meant`,
  );
}
