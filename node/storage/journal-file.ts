import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** An open file of the journal. Positions and lengths in bytes; every call rejects with the system's error. */
export interface JournalFile {
  sizeBytes(): Promise<number>;
  /** Bytes read, less than asked for only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all of it. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /** Data and what is needed to read it back (fdatasync). */
  datasync(): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What the journal needs of a file system; tests put faults here. */
export interface JournalFs {
  ensureDirectory(directory: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  /** `create` fails when the file exists. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<JournalFile>;
  remove(path: string): Promise<void>;
  /** Makes created and removed names durable (cometbft#6031). */
  syncDirectory(directory: string): Promise<void>;
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_DIRECTORY } = constants;
const FLAGS = { read: O_RDONLY, write: O_RDWR, create: O_RDWR | O_CREAT | O_EXCL } as const;

export const NODE_FS: JournalFs = {
  async ensureDirectory(directory) {
    const made = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncDirectory(dirname(made));
  },
  list: (directory) => readdir(directory),
  async open(path, mode) {
    return journalFile(await open(path, FLAGS[mode], 0o600));
  },
  remove: (path) => unlink(path),
  syncDirectory,
};

/** fsync of a directory: the names in it are durable afterwards. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, O_RDONLY | O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function journalFile(handle: FileHandle): JournalFile {
  return {
    sizeBytes: async () => (await handle.stat()).size,
    async read(target, position) {
      let done = 0;
      while (done < target.length) {
        const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    async write(bytes, position) {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    datasync: () => handle.datasync(),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

const NAME = /^(\d{12})\.journal$/;

/** `000000000001.journal`: names sort as sequences do. */
export function pathOf(directory: string, sequence: number): string {
  return join(directory, `${String(sequence).padStart(12, '0')}.journal`);
}

/** Sequences of the journal files in a directory, ascending; other names are left alone. */
export async function listSequences(fs: JournalFs, directory: string): Promise<number[]> {
  const names = await fs.list(directory);
  return names
    .flatMap((name) => {
      const digits = NAME.exec(name)?.[1];
      return digits === undefined ? [] : [Number(digits)];
    })
    .sort((a, b) => a - b);
}
