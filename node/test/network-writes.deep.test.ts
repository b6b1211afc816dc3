import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { it } from 'node:test';
import { eventually } from './harness/deadline.ts';
import { at, DEADLINE_MS, makeNodes, type TestNode, withNodes } from './harness/networks.ts';

const FRAMES = 200;

/** Writes to sockets of this process while `run` runs. */
async function writesDuring(run: () => Promise<void>): Promise<number> {
  const { write } = Socket.prototype;
  let writes = 0;
  Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
    writes += 1;
    return Reflect.apply(write, this, args);
  };
  try {
    await run();
  } finally {
    Socket.prototype.write = write;
  }
  return writes;
}

async function sendOneByOne(sender: TestNode, receiver: TestNode): Promise<void> {
  for (let sent = 1; sent <= FRAMES; sent++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    receiver.handlers.onFrame = () => {
      resolve();
      return undefined;
    };
    sender.network.broadcastFrame(new Uint8Array(300));
    await promise;
  }
}

/** What sockets of this process read passes through `change` first, while `run` runs. */
async function reading(change: (chunk: Buffer) => readonly Buffer[], run: () => Promise<void>): Promise<void> {
  const { emit } = Socket.prototype;
  Socket.prototype.emit = function (this: Socket, name: string | symbol, ...args: unknown[]) {
    const [chunk] = args;
    if (name !== 'data' || !Buffer.isBuffer(chunk)) return Reflect.apply(emit, this, [name, ...args]);
    for (const part of change(chunk)) Reflect.apply(emit, this, [name, part]);
    return true;
  };
  try {
    await run();
  } finally {
    Reflect.deleteProperty(Socket.prototype, 'emit');
  }
}

/** Errors of the kind that the library's decoder throws at itself while `run` runs. */
async function rangeErrorsDuring(run: () => Promise<void>): Promise<number> {
  const original = globalThis.RangeError;
  let made = 0;
  globalThis.RangeError = new Proxy(original, {
    apply: (target, self, args) => {
      made += 1;
      return Reflect.apply(target, self, args);
    },
    construct: (target, args) => {
      made += 1;
      return Reflect.construct(target, args);
    },
  });
  try {
    await run();
  } finally {
    globalThis.RangeError = original;
  }
  return made;
}

it('costs one write a frame: none for its length, and none to tell of room', async () => {
  const nodes = await makeNodes(2);
  const [sender, receiver] = [at(nodes, 0), at(nodes, 1)];
  await withNodes(nodes, async () => {
    const isJoined = () => nodes.every((node) => node.counter('gossip.joined') === 1);
    await eventually(isJoined, DEADLINE_MS, 'gossip joined, and its greetings sent');
    const writes = await writesDuring(() => sendOneByOne(sender, receiver));
    // A ping or a heartbeat may fall between.
    assert(writes >= FRAMES && writes < FRAMES * 1.25, `${writes} writes for ${FRAMES} frames`);
  });
});

it('costs no error that is thrown and caught', async () => {
  const nodes = await makeNodes(2);
  await withNodes(nodes, async () => {
    const isJoined = () => nodes.every((node) => node.counter('gossip.joined') === 1);
    await eventually(isJoined, DEADLINE_MS, 'gossip joined');
    const errors = await rangeErrorsDuring(() => sendOneByOne(at(nodes, 0), at(nodes, 1)));
    assert(errors < FRAMES / 10, `${errors} errors for ${FRAMES} frames`);
  });
});

it('is not told by how the bytes arrive: one by one, or hundreds of frames at once', async () => {
  const nodes = await makeNodes(2);
  const receiver = at(nodes, 1);
  const oneByOne = (chunk: Buffer) => Array.from(chunk, (_, index) => chunk.subarray(index, index + 1));
  await reading(oneByOne, () =>
    withNodes(nodes, async () => {
      const sizes = Array.from({ length: 300 }, (_, index) => 1 + ((index * 97) % 2_000));
      for (const [index, size] of sizes.entries())
        at(nodes, 0).network.broadcastFrame(new Uint8Array(size).fill(index));
      await eventually(() => receiver.frames.length === sizes.length, DEADLINE_MS, 'all frames');
      const received = receiver.frames.map(({ bytes }) => [bytes.length, bytes[0]]);
      assert.deepEqual(
        received,
        sizes.map((size, index) => [size, index % 256]),
      );
    }),
  );
});

it('ends a connection of which one byte was changed, and the next one works', async () => {
  const nodes = await makeNodes(2);
  const [sender, receiver] = [at(nodes, 0), at(nodes, 1)];
  await withNodes(nodes, async () => {
    let left = 1;
    const flip = (chunk: Buffer) => {
      if (left-- > 0) chunk[chunk.length - 1] = (chunk[chunk.length - 1] ?? 0) ^ 1;
      return [chunk];
    };
    await reading(flip, async () => {
      sender.network.broadcastFrame(Uint8Array.of(1));
      await eventually(() => receiver.counter('connection.closed') > 0, DEADLINE_MS, 'the connection ends');
      const isBack = () => sender.isConnectedTo('v1') && receiver.isConnectedTo('v0');
      await eventually(isBack, DEADLINE_MS, 'connected again');
      sender.network.broadcastFrame(Uint8Array.of(2));
      await eventually(() => receiver.frames.some(({ bytes }) => bytes[0] === 2), DEADLINE_MS, 'a frame again');
    });
  });
});
