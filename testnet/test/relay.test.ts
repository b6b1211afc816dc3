import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { freePorts } from '../network/ports.ts';
import type { Clock } from '../relay/flow.ts';
import { Lane, Line, WHOLE } from '../relay/line.ts';
import { Relay } from '../relay/relay.ts';

/** Time that passes when a test says so. */
class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly dueMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.dueMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      timer.run();
    }
  }
}

const text = (socket: Socket): Promise<string> => once(socket, 'data').then(([bytes]) => String(bytes));
/** Also after an error, which `once` would reject with. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.resume().once('close', () => resolve()));
const never = Symbol('nothing came');

/** What comes within some turns of the event loop, which is all that bytes on loopback with nothing before them need. */
async function soon<Value>(wanted: Promise<Value>): Promise<Value | typeof never> {
  let turns = 0;
  const silence = new Promise<typeof never>((resolve) => {
    const turn = (): void => void (++turns > 2_000 ? resolve(never) : setImmediate(turn));
    turn();
  });
  return await Promise.race([wanted, silence]);
}

const ends: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

interface World {
  readonly relay: Relay;
  readonly clock: ManualClock;
  /** Dial b as a does. */
  dial(): Socket;
  /** The next connection that reaches b. */
  accepted(): Promise<Socket>;
}

async function world(): Promise<World> {
  const listening: Socket[] = [];
  const b: Server = createServer({ allowHalfOpen: true }, (socket) => {
    listening.push(socket);
    socket.on('error', () => undefined);
  });
  b.listen({ port: 0, host: '127.0.0.1' });
  await once(b, 'listening');
  const target = (b.address() as { readonly port: number }).port;
  const [ab = 0, ba = 0] = await freePorts(2);
  const clock = new ManualClock();
  const links = [
    { from: 'a', to: 'b', port: ab, target },
    { from: 'b', to: 'a', port: ba, target: 1 },
  ];
  const relay = new Relay({ links, clock, random: () => 0.5 });
  await relay.start();
  const sockets: Socket[] = [];
  ends.push(async () => {
    for (const socket of [...sockets, ...listening]) socket.destroy();
    await relay.stop();
    b.close();
  });
  return {
    relay,
    clock,
    dial() {
      const socket = connect({ port: ab, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      sockets.push(socket);
      return socket;
    },
    accepted: async () => ((await once(b, 'connection')) as [Socket])[0],
  };
}

describe('a line', () => {
  it('adds delay, jitter and the time that a rate takes, shared by all connections', () => {
    const line = new Line(() => 0.5);
    assert.equal(line.arrivalMs(1_000, 10), 10);
    line.rule = { ...WHOLE, delayMs: 40, jitterMs: 20 };
    assert.equal(line.arrivalMs(1_000, 10), 60);
    line.rule = { ...WHOLE, rateKbit: 8 };
    assert.deepEqual([line.arrivalMs(100, 0), line.arrivalMs(100, 0), line.arrivalMs(100, 1_000)], [100, 200, 1_100]);
  });

  it('stalls for the retransmission timeout, doubled with each repeat that is lost', () => {
    const draws = [0.05, 0.05, 0.5, 0.5];
    const line = new Line(() => draws.shift() ?? 1);
    line.rule = { ...WHOLE, lossPercent: 10 };
    // The jitter draws first.
    draws.unshift(0);
    assert.equal(line.arrivalMs(100, 0), 200 + 400);
    assert.equal(line.arrivalMs(100, 0), 0);
  });

  it('delivers in the order of sending though a later chunk would be faster, and nothing while it is cut', () => {
    const line = new Line(() => 0);
    const lane = new Lane(line);
    line.rule = { ...WHOLE, delayMs: 100 };
    lane.push({ kind: 'bytes', bytes: Buffer.from('first') }, 0);
    line.rule = WHOLE;
    lane.push({ kind: 'end' }, 0);
    assert.equal(lane.take(99), undefined);
    line.rule = { ...WHOLE, cut: true };
    assert.deepEqual([lane.take(100), lane.nextDueMs()], [undefined, undefined]);
    line.rule = WHOLE;
    assert.deepEqual([lane.take(100)?.kind, lane.take(100)?.kind, lane.take(100)], ['bytes', 'end', undefined]);
  });

  it('makes the sender wait when too much is under way', () => {
    const line = new Line(() => 0);
    const lane = new Lane(line);
    line.rule = { ...WHOLE, cut: true };
    lane.push({ kind: 'bytes', bytes: Buffer.alloc(64 * 1024) }, 0);
    assert.equal(lane.isFull, true);
    line.rule = WHOLE;
    assert.equal(lane.isFull, false);
  });
});

describe('the relay', () => {
  it('carries bytes and ends both ways', async () => {
    const { dial, accepted } = await world();
    const atB = accepted();
    const a = dial();
    a.write('to b');
    const b = await atB;
    assert.equal(await text(b), 'to b');
    b.write('to a');
    assert.equal(await text(a), 'to a');
    a.end();
    await once(b.resume(), 'end');
    b.end('last words');
    assert.equal(await text(a), 'last words');
    await once(a, 'close');
  });

  it('cuts one direction whichever side dialled, and holds its bytes until it is healed', async () => {
    const { relay, dial, accepted } = await world();
    const atB = accepted();
    const a = dial();
    a.write('hello');
    const b = await atB;
    assert.equal(await text(b), 'hello');
    relay.change([{ from: 'b', to: 'a', rule: { cut: true } }]);
    const held = text(a);
    b.write('held');
    a.write('passes');
    assert.equal(await text(b), 'passes');
    assert.equal(await soon(held), never);
    relay.heal();
    assert.equal(await held, 'held');
  });

  it('lets a dial over a cut link hang, and forgets one that gave up', async () => {
    const { relay, dial, accepted } = await world();
    relay.change([{ from: 'a', to: 'b', rule: { cut: true } }]);
    const gone = dial();
    await once(gone, 'connect');
    gone.destroy();
    const a = dial();
    await once(a, 'connect');
    a.write('late');
    const atB = accepted();
    assert.equal(await soon(atB), never);
    assert.equal(relay.links()[0]?.connections, 1);
    relay.heal();
    const b = await atB;
    assert.equal(await text(b), 'late');
    assert.equal(await soon(accepted()), never);
  });

  it('tells of a broken end only through a whole link', async () => {
    const { relay, dial, accepted } = await world();
    const atB = accepted();
    const a = dial();
    a.write('x');
    const b = await atB;
    await text(b);
    relay.change([{ from: 'a', to: 'b', rule: { cut: true } }]);
    const isClosed = closed(b);
    a.resetAndDestroy();
    assert.equal(await soon(isClosed), never);
    relay.heal();
    await isClosed;
  });

  it('delays a dial by the way there and back, and the first bytes by one more', async () => {
    const { relay, clock, dial, accepted } = await world();
    relay.change([
      { from: 'a', to: 'b', rule: { delayMs: 30 } },
      { from: 'b', to: 'a', rule: { delayMs: 20 } },
    ]);
    const atB = accepted();
    const a = dial();
    a.write('first');
    assert.equal(await soon(atB), never);
    clock.advance(30);
    const b = await atB;
    const first = text(b);
    assert.equal(await soon(first), never);
    clock.advance(20);
    assert.equal(await soon(first), never);
    clock.advance(30);
    assert.equal(await first, 'first');
  });

  it('hands a refusal of the node behind back to the dialler', async () => {
    const [free = 0, unused = 0] = await freePorts(2);
    const other = new Relay({ links: [{ from: 'a', to: 'c', port: free, target: unused }] });
    await other.start();
    ends.push(() => other.stop());
    const a = connect({ port: free, host: '127.0.0.1' });
    a.on('error', () => undefined);
    await closed(a);
  });

  it('names directions that it does not have', async () => {
    const { relay } = await world();
    assert.deepEqual(relay.change([{ from: 'a', to: 'z', rule: { cut: true } }]), ['a to z']);
  });
});
