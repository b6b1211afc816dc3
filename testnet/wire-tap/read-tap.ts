import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Above every frame there is: a longer length is a torn or foreign file. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

export interface TappedFrame {
  /** The tap it stands in. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** Every frame of every tap in a folder. A killed process may leave a torn end, which is not read. */
export async function* readTaps(directory: string): AsyncGenerator<TappedFrame> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.tap')).sort();
  for (const name of names) yield* readTap(join(directory, name), name);
}

async function* readTap(path: string, file: string): AsyncGenerator<TappedFrame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let at = 0;
    while (rest.length - at >= 4) {
      const length = rest.readUInt32BE(at);
      if (length > FRAME_BYTES_MAX) return;
      if (rest.length - at - 4 < length) break;
      yield { file, bytes: rest.subarray(at + 4, at + 4 + length) };
      at += 4 + length;
    }
    rest = rest.subarray(at);
  }
}
