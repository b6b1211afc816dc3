import { existsSync } from 'node:fs';
import { WaggleError } from '../../../protocol/errors.ts';
import type { HomePaths } from '../../storage/home.ts';
import { usage } from '../arguments.ts';
import { homeFlag, homeLock, type KeyOptions, pathsOf } from '../home-keys.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';

export interface NextOptions extends KeyOptions {
  readonly promote?: boolean;
}

/** The key a node signs with: validator.key, or operator.key where it began as an observer. */
interface SeatKey {
  /** As the roster has it, or is to have it. */
  readonly name: string;
  readonly subject: 'validator' | 'operator';
  readonly path: string;
}

/** `waggle keys next`: the key to sign with after a rotation stands beside the one in use before the ledger hears of it. */
export async function nextKey(options: NextOptions, context: CliContext): Promise<void> {
  const [{ keyFacts }, { toHex }] = await Promise.all([
    import('../../storage/keystore.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const paths = await pathsOf(options.home, context);
  const seat = await seatKeyOf(paths, context);
  if ((await keyFacts(seat.path)) === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: seat.path });
  if (options.promote === true) return await promote(paths, seat, options, context);
  const { makeNextKey } = await import('../../storage/next-key.ts');
  const lock = await homeLock(paths, options);
  const key = toHex((await makeNextKey(seat.path, seat.subject, lock)).publicKey);
  const { name } = seat;
  emit(context.io, options.output, { name, key, encrypted: lock !== undefined }, () => ({
    title: `next key of ${name}${lock === undefined ? ', unencrypted' : ''}`,
    columns: [{ name: 'validator' }, { name: 'public key' }],
    rows: [[name, key]],
    next: `waggle admin propose --rotate ${name}=${key}${homeFlag(options)}   (by an admin)`,
  }));
}

/** As the node finds it when it starts. @throws WaggleError WAGGLE_CONFIG_* */
async function seatKeyOf(paths: HomePaths, { io }: CliContext): Promise<SeatKey> {
  const { loadConfig } = await import('../../config/config.ts');
  const { name = 'NAME', role } = await loadConfig(paths.config, {}, io.env);
  return role === 'observer'
    ? { name, subject: 'operator', path: paths.operatorKey }
    : { name, subject: 'validator', path: paths.validatorKey };
}

/** Under the lock of the home, so that no node starts with one key and finds the other. @throws WAGGLE_HOME_LOCKED {pid} */
async function promote(paths: HomePaths, seat: SeatKey, options: NextOptions, context: CliContext): Promise<void> {
  const [{ takeLock }, { loadKey }, { nextKeyPath, replaceByNext }, { toHex }] = await Promise.all([
    import('../../storage/home-lock.ts'),
    import('../../storage/keystore.ts'),
    import('../../storage/next-key.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const { name, subject, path } = seat;
  const flag = homeFlag(options);
  const lock = await homeLock(paths, options);
  const release = await takeLock(paths.lock);
  try {
    // A key that does not open with the others would keep the node from starting.
    const next = await loadKey(nextKeyPath(path), subject, lock);
    if (next === undefined) throw usage(`there is no next key of ${name} here`, `waggle keys next${flag}`);
    const key = toHex(next.publicKey);
    if (!(await hasSeat(paths, next.publicKey))) {
      throw usage(`by the ledger of this home the next key, ${key}, has no seat yet`, `waggle start${flag}`);
    }
    if (!(await replaceByNext(path))) throw usage(`${path}.old is another key: move it to a safe place first`);
    emit(context.io, options.output, { name, key, encrypted: lock !== undefined }, () => ({
      title: `${name} signs with its next key from now on; the one before is kept as ${subject}.key.old`,
      columns: [{ name: 'validator' }, { name: 'public key' }],
      rows: [[name, key]],
      next: `waggle start${flag}`,
    }));
  } finally {
    await release();
  }
}

/** Whether a key has a seat in the epoch that the ledger has come to: what it says of that is final. @throws WAGGLE_STORE_* */
async function hasSeat({ ledger, firstStart }: HomePaths, publicKey: Uint8Array): Promise<boolean> {
  const [{ CURRENT_EPOCH }, { decodeEpochRow, TABLES }, { isMarkedDamaged }, { stateRowKey }, { openLedgerStore }] =
    await Promise.all([
      import('../../../protocol/governance/epochs.ts'),
      import('../../../protocol/governance/rows.ts'),
      import('../../storage/ledger-files.ts'),
      import('../../storage/keys.ts'),
      import('../../storage/ledger-store.ts'),
    ]);
  // A home that never ran has no ledger, and a damaged one is for the node to repair.
  if (existsSync(firstStart) || !existsSync(ledger) || isMarkedDamaged(ledger)) return false;
  const { store } = await openLedgerStore(ledger);
  try {
    const table = TABLES.find(({ name }) => name === 'epochs');
    const row = table && (await store.get(stateRowKey(table.number, CURRENT_EPOCH)));
    // Before the first change there is no row: no key but those of genesis has a seat.
    return row !== undefined && decodeEpochRow(row).validators.some(({ key }) => Buffer.from(key).equals(publicKey));
  } finally {
    await store.close();
  }
}
