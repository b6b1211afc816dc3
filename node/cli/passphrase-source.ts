import { constants, fstatSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { WaggleError } from '../../protocol/errors.ts';

/*
 * Where a passphrase is read from when nobody is asked: a file, or a descriptor the caller opened. The net of the runtime is
 * loaded when it is needed, as every command loads this file.
 */

const BYTES_MAX = 1_024;
/** How long a pipe may stay open: whoever writes it is a program, and one that forgot to close it is told so. */
const PIPE_WAIT_MS = 30_000;

/** @throws WaggleError WAGGLE_CLI_NO_INPUT {path}, WAGGLE_KEY_MODE {path, mode}, WAGGLE_CLI_PASSPHRASE {reason} */
export async function readPassphraseFile(path: string): Promise<Uint8Array> {
  // Without waiting: opening a named pipe that nobody writes would never come back.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => {
    throw new WaggleError('WAGGLE_CLI_NO_INPUT', {
      path,
      next: 'name the file of the passphrase with --passphrase-file',
    });
  });
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw refusedPassphrase(`${path} is a directory`);
    if (!stats.isFile()) throw refusedPassphrase(`${path} is no regular file; a pipe goes to --passphrase-fd`);
    const { mode } = stats;
    if ((mode & 0o077) !== 0) throw new WaggleError('WAGGLE_KEY_MODE', { path, mode: (mode & 0o777).toString(8) });
    const bytes = Buffer.alloc(BYTES_MAX + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return cleanedPassphrase(bytes.subarray(0, bytesRead), path);
  } finally {
    await handle.close();
  }
}

/**
 * What comes out of a descriptor until its end. A descriptor that is this process's own (a number mistyped) is refused: to
 * read it, or to close it, would take the runtime down.
 * @throws WaggleError WAGGLE_CLI_PASSPHRASE {reason}
 */
export async function readPassphraseFd(fd: number, waitMs = PIPE_WAIT_MS): Promise<Uint8Array> {
  const source = `descriptor ${fd}`;
  const kind = await kindOf(fd);
  if (kind === 'terminal') throw refusedPassphrase(`${source} is a terminal: leave --passphrase-fd out to be asked`);
  if (kind === 'none') throw refusedPassphrase(`${source} is not open`);
  if (kind === 'other') throw refusedPassphrase(`${source} is no pipe and no file`);
  const bytes = kind === 'file' ? readRest(fd, source) : await readPipe(fd, source, waitMs);
  return cleanedPassphrase(bytes, source);
}

/** Editors end a file with a line break, and nobody means it. @throws WaggleError WAGGLE_CLI_PASSPHRASE {reason} */
export function cleanedPassphrase(bytes: Buffer, source: string): Uint8Array {
  const end = bytes.at(-1) === 0x0a ? bytes.length - (bytes.at(-2) === 0x0d ? 2 : 1) : bytes.length;
  if (end === 0) throw refusedPassphrase(`${source} is empty`);
  if (end > BYTES_MAX) throw refusedPassphrase(`${source} has more than ${BYTES_MAX} bytes`);
  return Uint8Array.from(bytes.subarray(0, end));
}

export function refusedPassphrase(reason: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_PASSPHRASE', { reason });
}

async function kindOf(fd: number): Promise<'file' | 'pipe' | 'terminal' | 'other' | 'none'> {
  const { isatty } = await import('node:tty');
  if (isatty(fd)) return 'terminal';
  try {
    const stats = fstatSync(fd);
    if (stats.isFile()) return 'file';
    if (stats.isSocket()) return 'pipe';
    return stats.isFIFO() && !isOwnPipe(fd, stats.ino) ? 'pipe' : 'other';
  } catch {
    return 'none';
  }
}

/** Whether the writing end is held here too: a pipe of the runtime, never one that a caller handed over. */
function isOwnPipe(fd: number, inode: number): boolean {
  return openDescriptors().some((other) => {
    try {
      return other !== fd && fstatSync(other).ino === inode && isForWriting(other);
    } catch {
      return false;
    }
  });
}

/** Flags stand in octal, and the last two bits say what the descriptor is open for (open(2)). */
function isForWriting(fd: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & 3) !== constants.O_RDONLY;
}

/** Empty where the system has no such list. */
function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
}

/** From where the descriptor stands, as a shell's `3<<<` leaves it. */
function readRest(fd: number, source: string): Buffer {
  const bytes = Buffer.alloc(BYTES_MAX + 1);
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(fd, bytes, length, bytes.length - length, null);
    }
  } catch {
    throw refusedPassphrase(`${source} cannot be read`);
  }
  return bytes.subarray(0, length);
}

/** As a stream and not as a file: a read that blocks would hold a thread, and with it the end of the process. */
async function readPipe(fd: number, source: string, waitMs: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const { Socket } = await import('node:net');
  const socket = new Socket({ fd, readable: true, writable: false, signal: AbortSignal.timeout(waitMs) });
  try {
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > BYTES_MAX + 1) break;
    }
  } catch (error) {
    const isLate = (error as Error).name === 'AbortError';
    throw refusedPassphrase(isLate ? `${source} did not end within ${waitMs} ms` : `${source} cannot be read`);
  } finally {
    socket.destroy();
  }
  return Buffer.concat(chunks);
}
