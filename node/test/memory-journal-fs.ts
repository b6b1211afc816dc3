import type { JournalFile, JournalFs } from '../storage/journal-file.ts';

const SECTOR_BYTES = 512;

/** A file: what a reader sees, and what a power cut is sure to leave. */
interface Inode {
  live: Uint8Array;
  durable: Uint8Array;
}

export type FsOperation = 'write' | 'datasync' | 'sync' | 'truncate' | 'create' | 'remove' | 'syncDirectory';

/** A disk in memory that loses what was not synced, as the specification of fsync allows it to. */
export class MemoryJournalFs implements JournalFs {
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  /** Every changing call, in order. */
  readonly calls: { operation: FsOperation; path: string }[] = [];
  /** Called after the operation took effect on what readers see; throws to make it fail. */
  onCall: (operation: FsOperation, path: string) => void = () => undefined;

  async ensureDirectory(): Promise<void> {}

  async list(directory: string): Promise<string[]> {
    return [...this.#names.keys()].map((path) => path.slice(directory.length + 1)).sort();
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<JournalFile> {
    const found = this.#names.get(path);
    if (mode === 'create') {
      if (found !== undefined) throw systemError('EEXIST');
      const inode = { live: new Uint8Array(0), durable: new Uint8Array(0) };
      this.#names.set(path, inode);
      this.#called('create', path);
      return this.#file(path, inode);
    }
    if (found === undefined) throw systemError('ENOENT');
    return this.#file(path, found);
  }

  async remove(path: string): Promise<void> {
    if (!this.#names.delete(path)) throw systemError('ENOENT');
    this.#called('remove', path);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#called('syncDirectory', directory);
    this.#durableNames = new Map(this.#names);
  }

  /** Content as readers see it, by path. */
  snapshot(): Map<string, Uint8Array> {
    return new Map([...this.#names].sort().map(([path, { live }]) => [path, live.slice()]));
  }

  /** Flip a bit of a byte, from the end when negative, behind everybody's back. */
  rot(path: string, at: number): void {
    const inode = this.#names.get(path);
    if (inode === undefined) throw systemError('ENOENT');
    const live = inode.live.slice();
    const place = at < 0 ? live.length + at : at;
    live[place] = (live[place] ?? 0) ^ 1;
    inode.live = live;
    inode.durable = live.slice();
  }

  /** A disk with exactly this content, all of it durable. */
  static of(content: ReadonlyMap<string, Uint8Array>): MemoryJournalFs {
    const fs = new MemoryJournalFs();
    for (const [path, bytes] of content) fs.#names.set(path, { live: bytes.slice(), durable: bytes.slice() });
    fs.#durableNames = new Map(fs.#names);
    return fs;
  }

  /**
   * Power cut: what was not synced is kept or lost sector by sector, names one by one. `pick(n)` draws from 0…n−1.
   */
  cutPower(pick: (n: number) => number): MemoryJournalFs {
    const kept = new Map<string, Uint8Array>();
    const paths = new Set([...this.#names.keys(), ...this.#durableNames.keys()]);
    for (const path of [...paths].sort()) {
      const durable = this.#durableNames.get(path);
      const live = this.#names.get(path);
      const inode = durable === live || pick(2) === 0 ? durable : live;
      if (inode !== undefined) kept.set(path, tear(inode, pick));
    }
    return MemoryJournalFs.of(kept);
  }

  #called(operation: FsOperation, path: string): void {
    this.calls.push({ operation, path });
    this.onCall(operation, path);
  }

  #file(path: string, inode: Inode): JournalFile {
    const sync = async (operation: 'datasync' | 'sync'): Promise<void> => {
      this.#called(operation, path);
      inode.durable = inode.live.slice();
    };
    return {
      sizeBytes: async () => inode.live.length,
      read: async (target, position) => {
        const bytes = inode.live.subarray(position, position + target.length);
        target.set(bytes);
        return bytes.length;
      },
      write: async (bytes, position) => {
        const live = new Uint8Array(Math.max(inode.live.length, position + bytes.length));
        live.set(inode.live);
        live.set(bytes, position);
        inode.live = live;
        this.#called('write', path);
      },
      truncate: async (sizeBytes) => {
        inode.live = inode.live.slice(0, sizeBytes);
        this.#called('truncate', path);
      },
      datasync: () => sync('datasync'),
      sync: () => sync('sync'),
      close: async () => undefined,
    };
  }
}

function tear({ live, durable }: Inode, pick: (n: number) => number): Uint8Array {
  if (live.length <= durable.length) return pick(2) === 0 ? live : durable;
  const length = durable.length + pick(live.length - durable.length + 1);
  const torn = new Uint8Array(length);
  torn.set(durable);
  for (let at = durable.length; at < length; at = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES) {
    const end = Math.min((Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES, length);
    if (pick(3) > 0) torn.set(live.subarray(at, end), at);
  }
  return torn;
}

export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
