import { connect, type Socket } from 'node:net';

/** A TCP connection of somebody without a key: what it is told, and whether it still stands. */
export interface Stranger {
  readonly socket: Socket;
  readonly heardBytes: number;
  readonly isClosed: boolean;
}

/** Connect and say the pieces one after the other; refused connections count as closed ones. */
export async function stranger(port: number, pieces: readonly Uint8Array[]): Promise<Stranger> {
  const socket = connect({ port, host: '127.0.0.1' });
  const state = { socket, heardBytes: 0, isClosed: false };
  socket.on('data', (data: Buffer) => {
    state.heardBytes += data.length;
  });
  socket.on('close', () => {
    state.isClosed = true;
  });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.once('connect', () => resolve());
    socket.once('close', () => resolve());
  });
  for (const piece of pieces) if (!state.isClosed) socket.write(piece);
  return state;
}

const text = new TextEncoder();

/** A multistream message: its length as a varint, the text, a line end. */
export function multistream(word: string): Uint8Array {
  return Uint8Array.of(word.length + 1, ...text.encode(word), 0x0a);
}

/** What strangers say first, by name. */
export const OPENINGS: ReadonlyMap<string, readonly Uint8Array[]> = new Map([
  ['nothing', []],
  ['half a handshake', [multistream('/multistream/1.0.0'), multistream('/noise'), Uint8Array.of(0, 32, 1, 2, 3)]],
  ['a Noise message of 64 KiB', [multistream('/multistream/1.0.0'), multistream('/noise'), noiseFrame(65_535)]],
  ['an unknown protocol', [multistream('/multistream/1.0.0'), multistream('/tls/1.0.0'), multistream('/plaintext/2')]],
  ['a varint that never ends', [new Uint8Array(4_096).fill(0x80)]],
  ['a length of 2^64', [Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)]],
  [
    'a length of 1 GiB and some of it',
    [Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04), new Uint8Array(200_000).fill(0x41)],
  ],
  ['HTTP', [text.encode('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')]],
  ['a megabyte of noise', [new Uint8Array(1024 * 1024).map((_, at) => (at * 7_919) % 251)]],
]);

function noiseFrame(length: number): Uint8Array {
  return Uint8Array.of(length >>> 8, length & 0xff, ...new Uint8Array(length).fill(3));
}
