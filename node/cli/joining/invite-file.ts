import { open, readFile, rm } from 'node:fs/promises';
import { verify } from '../../../protocol/crypto/verify.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import { type InviteJson, parseInvite } from '../../../protocol/invite.ts';

/** Far more than a genesis of 128 validators. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

export type ReadInvite = ReturnType<typeof parseInvite>;

/**
 * @throws WaggleError WAGGLE_CLI_NO_INPUT {path}; WAGGLE_CLI_INPUT {path, reason}; those of parseInvite
 */
export async function readInvite(path: string): Promise<ReadInvite> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new WaggleError('WAGGLE_CLI_NO_INPUT', { path, next: 'waggle join INVITE, the file you were sent' });
  }
  if (text.length > FILE_BYTES_MAX) throw notAnInvite(path, 'too large for an invite');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notAnInvite(path, 'not JSON, so no invite');
  }
  return parseInvite(value, verify);
}

function notAnInvite(path: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_INPUT', { path, reason, next: 'ask the validator’s operator for the file again' });
}

/**
 * Take the place of the file first, so that nobody is admitted by an invite that cannot be written; then fill it.
 * @throws WaggleError WAGGLE_CLI_INPUT {path, reason}: it is there already, or cannot be written; and what `make` throws
 */
export async function writeInvite(path: string, make: () => Promise<InviteJson>): Promise<void> {
  const handle = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'EEXIST' ? 'is there already' : `cannot be written (${error.code})`;
    throw new WaggleError('WAGGLE_CLI_INPUT', { path, reason, next: 'name another file with -o' });
  });
  try {
    await handle.writeFile(`${JSON.stringify(await make(), undefined, 2)}\n`);
    await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
