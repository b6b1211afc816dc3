/*
 * The text protocol of NATS, as far as publishing to JetStream needs it: https://docs.nats.io, "Client protocol".
 */

export type NatsFrame =
  | { readonly kind: 'info' | 'error'; readonly text: string }
  | { readonly kind: 'ping' | 'pong' | 'ok' }
  | { readonly kind: 'message'; readonly subject: string; readonly payload: Buffer };

const CRLF = Buffer.from('\r\n');
/** Longer lines than any a server writes; INFO of a large cluster is some kilobytes. */
const LINE_BYTES_MAX = 65_536;
const PAYLOAD_BYTES_MAX = 1_048_576;

/** Frames out of the pieces in which they arrive. */
export class NatsParser {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws Error on bytes that are no frame */
  take(piece: Buffer): NatsFrame[] {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const frames: NatsFrame[] = [];
    let from = 0;
    for (;;) {
      const end = this.#rest.indexOf(CRLF, from);
      if (end < 0) break;
      const head = parseLine(this.#rest.toString('latin1', from, end));
      const after = end + CRLF.length;
      if (!('payloadBytes' in head)) {
        frames.push(head);
        from = after;
        continue;
      }
      const next = after + head.payloadBytes + CRLF.length;
      if (next > this.#rest.length) break;
      const payload = Buffer.from(this.#rest.subarray(after, after + head.payloadBytes));
      frames.push({ kind: 'message', subject: head.subject, payload });
      from = next;
    }
    this.#rest = this.#rest.subarray(from);
    if (this.#rest.length > LINE_BYTES_MAX + PAYLOAD_BYTES_MAX) throw new Error('a line without an end');
    return frames;
  }
}

type Head = Exclude<NatsFrame, { kind: 'message' }> | { readonly subject: string; readonly payloadBytes: number };

function parseLine(line: string): Head {
  const [word = '', ...rest] = line.split(' ');
  switch (word) {
    case 'INFO':
      return { kind: 'info', text: rest.join(' ') };
    case '-ERR':
      return { kind: 'error', text: rest.join(' ') };
    case 'PING':
      return { kind: 'ping' };
    case 'PONG':
      return { kind: 'pong' };
    case '+OK':
      return { kind: 'ok' };
    case 'MSG': {
      // MSG subject sid [reply] bytes
      const payloadBytes = Number(rest.at(-1));
      const isWhole = rest.length === 3 || rest.length === 4;
      if (isWhole && Number.isSafeInteger(payloadBytes) && payloadBytes >= 0 && payloadBytes <= PAYLOAD_BYTES_MAX)
        return { subject: rest[0] ?? '', payloadBytes };
      throw new Error(`not a message: ${line.slice(0, 80)}`);
    }
    default:
      throw new Error(`not a frame: ${line.slice(0, 80)}`);
  }
}

export function encodePublish(subject: string, reply: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`PUB ${subject} ${reply} ${payload.length}\r\n`), payload, CRLF]);
}

/** @throws Error what JetStream answered, when that is a refusal */
export function checkAnswer(payload: Buffer): void {
  const { error } = JSON.parse(payload.toString('utf8')) as { readonly error?: { readonly description?: string } };
  if (error !== undefined) throw new Error(`JetStream refused: ${error.description ?? 'without a reason'}`);
}
