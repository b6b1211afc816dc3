import { connect, type Socket } from 'node:net';
import { checkAnswer, encodePublish, type NatsFrame, NatsParser } from './nats-wire.ts';

const ANSWER_TIMEOUT_MS = 20_000;
const CONNECT_TIMEOUT_MS = 2_000;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One connection to a NATS server that publishes and waits for what JetStream answers. */
export class NatsClient {
  readonly #socket: Socket;
  readonly #parser = new NatsParser();
  readonly #inbox = `_INBOX.${Math.random().toString(36).slice(2)}`;
  readonly #waiting = new Map<string, Waiting>();
  #sent = 0;
  #outgoing: Buffer[] = [];
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece) => this.#read(piece));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the NATS server closed the connection')));
  }

  /** @throws Error when there is no server, or it does not answer */
  static async open(host: string, port: number): Promise<NatsClient> {
    const socket = connect({ host, port, noDelay: true });
    const client = new NatsClient(socket);
    await client.#greet();
    return client;
  }

  async #greet(): Promise<void> {
    const options = {
      verbose: false,
      pedantic: false,
      headers: false,
      lang: 'waggle-bench',
      version: '1',
      protocol: 1,
    };
    const ponged = this.#wait('pong', CONNECT_TIMEOUT_MS);
    this.#write(Buffer.from(`CONNECT ${JSON.stringify(options)}\r\nSUB ${this.#inbox}.* 1\r\nPING\r\n`));
    await ponged;
  }

  /** Publish and wait until the stream, or the API behind a `$JS.API` subject, has answered. @throws Error when it refuses */
  async request(subject: string, payload: Uint8Array, timeoutMs = ANSWER_TIMEOUT_MS): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const reply = `${this.#inbox}.${++this.#sent}`;
    const answered = this.#wait(reply, timeoutMs);
    this.#write(encodePublish(subject, reply, payload));
    await answered;
  }

  close(): void {
    this.#fail(new Error('closed'));
    this.#socket.destroy();
  }

  #wait(name: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(name);
        reject(new Error('NATS does not answer'));
      }, timeoutMs);
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        then();
      };
      this.#waiting.set(name, { resolve: () => settle(resolve), reject: (error) => settle(() => reject(error)) });
    });
  }

  /** All that is written in one turn leaves in one write, as the official clients do it. */
  #write(bytes: Buffer): void {
    if (this.#outgoing.length === 0) {
      queueMicrotask(() => {
        const whole = Buffer.concat(this.#outgoing);
        this.#outgoing = [];
        if (!this.#socket.destroyed) this.#socket.write(whole);
      });
    }
    this.#outgoing.push(bytes);
  }

  #read(piece: Buffer): void {
    try {
      for (const frame of this.#parser.take(piece)) this.#handle(frame);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      this.#socket.destroy();
    }
  }

  #handle(frame: NatsFrame): void {
    if (frame.kind === 'ping') this.#write(Buffer.from('PONG\r\n'));
    else if (frame.kind === 'error') throw new Error(`NATS says ${frame.text}`);
    else if (frame.kind === 'pong') this.#settle('pong', () => undefined);
    else if (frame.kind === 'message') this.#settle(frame.subject, () => checkAnswer(frame.payload));
  }

  #settle(name: string, check: () => void): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    this.#waiting.delete(name);
    try {
      check();
      waiting.resolve();
    } catch (error) {
      waiting.reject(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
