import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Clock, Flow, systemClock } from './flow.ts';
import { Lane, Line, type LinkRule, WHOLE } from './line.ts';

/** Where one node dials another: `from` dials `port`, and `to` listens at `target`. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly target: number;
}

export interface LinkChange {
  readonly from: string;
  readonly to: string;
  readonly rule: Partial<LinkRule>;
}

export interface LinkStatus {
  readonly from: string;
  readonly to: string;
  readonly rule: LinkRule;
  /** Open connections that `from` dialled. */
  readonly connections: number;
}

export interface RelayOptions {
  readonly links: readonly Link[];
  readonly clock?: Clock;
  readonly random?: () => number;
}

const HOST = '127.0.0.1';
/** A pair needs one; more are redials of a broken link. */
const CONNECTIONS_MAX = 64;

interface Connection {
  readonly dialled: Link;
  readonly flows: readonly Flow[];
  readonly sockets: Set<Socket>;
}

/**
 * Carries every connection between nodes, and does to its bytes what the rule of their direction says. A rule is of bytes
 * from one node to another: on a connection that B dialled, A's bytes still follow the rule from A to B.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    for (const { from, to } of options.links) this.#lines.set(keyOf(from, to), new Line(options.random ?? Math.random));
  }

  /** @throws when a port is taken */
  async start(): Promise<void> {
    for (const link of this.#options.links) {
      const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(link, socket));
      this.#servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port: link.port, host: HOST }, resolve);
      });
    }
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) this.#drop(connection);
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Change the rules of directions; what is under way keeps the time it was given. @returns directions that are unknown */
  change(changes: readonly LinkChange[]): string[] {
    const unknown: string[] = [];
    for (const { from, to, rule } of changes) {
      const line = this.#lines.get(keyOf(from, to));
      if (line === undefined) unknown.push(`${from} to ${to}`);
      else line.rule = { ...line.rule, ...rule };
    }
    this.#pumpAll();
    return unknown;
  }

  heal(): void {
    for (const line of this.#lines.values()) line.rule = WHOLE;
    this.#pumpAll();
  }

  links(): LinkStatus[] {
    return this.#options.links.map(({ from, to }) => ({
      from,
      to,
      rule: this.#line(from, to).rule,
      connections: [...this.#connections].filter(({ dialled }) => dialled.from === from && dialled.to === to).length,
    }));
  }

  #pumpAll(): void {
    for (const { flows } of [...this.#connections]) for (const flow of flows) flow.pump();
  }

  #line(from: string, to: string): Line {
    // A pair whose other direction is not relayed has a whole one.
    const line = this.#lines.get(keyOf(from, to)) ?? new Line(Math.random);
    this.#lines.set(keyOf(from, to), line);
    return line;
  }

  /**
   * The kernel has answered the dialler already; the node behind learns of it when the sign has travelled, and nothing is
   * handed on before the answer has come back. So a dial over a slow link takes its time, and over a cut one it hangs.
   */
  #accept(link: Link, dialler: Socket): void {
    if (this.links().find(({ from, to }) => from === link.from && to === link.to)?.connections === CONNECTIONS_MAX) {
      dialler.destroy();
      return;
    }
    let isOpened = false;
    const onSign = (kind: 'open' | 'opened'): void => {
      if (kind === 'opened') out.release();
      else this.#open(connection, out, back, () => (isOpened = true));
    };
    const out = new Flow(new Lane(this.#line(link.from, link.to)), this.#clock, onSign);
    const back = new Flow(new Lane(this.#line(link.to, link.from)), this.#clock, onSign);
    const connection: Connection = { dialled: link, flows: [out, back], sockets: new Set() };
    this.#connections.add(connection);
    this.#watch(connection, dialler);
    out.hold();
    out.from(dialler);
    back.to(dialler);
    dialler.once('end', () => {
      if (!isOpened) dialler.destroy();
    });
    // Who gave up before the other side heard of it was never there.
    dialler.once('close', () => {
      if (isOpened) out.release();
      else this.#drop(connection);
    });
    out.push({ kind: 'open' });
  }

  #open(connection: Connection, out: Flow, back: Flow, onOpening: () => void): void {
    const socket = connect({ port: connection.dialled.target, host: HOST, allowHalfOpen: true });
    onOpening();
    this.#watch(connection, socket);
    out.to(socket);
    socket.once('connect', () => {
      back.push({ kind: 'opened' });
      back.from(socket);
    });
    // Nobody listens there: the refusal travels back.
    socket.once('close', () => back.push({ kind: 'reset' }));
  }

  #watch(connection: Connection, socket: Socket): void {
    connection.sockets.add(socket);
    socket.setNoDelay(true);
    // What is lost with a broken socket shows as its close.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      connection.sockets.delete(socket);
      if (connection.sockets.size === 0) this.#drop(connection);
    });
  }

  #drop(connection: Connection): void {
    this.#connections.delete(connection);
    for (const flow of connection.flows) flow.stop();
    for (const socket of connection.sockets) socket.destroy();
  }
}

function keyOf(from: string, to: string): string {
  return `${from}>${to}`;
}
