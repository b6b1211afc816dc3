import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { it } from 'node:test';
import { eventually } from './harness/deadline.ts';
import { at, DEADLINE_MS, makeNodes, withNodes } from './harness/networks.ts';

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

it('costs one write a frame: none for its length, and none to tell of room', async () => {
  const nodes = await makeNodes(2);
  const [sender, receiver] = [at(nodes, 0), at(nodes, 1)];
  await withNodes(nodes, async () => {
    const isJoined = () => nodes.every((node) => node.counter('gossip.joined') === 1);
    await eventually(isJoined, DEADLINE_MS, 'gossip joined, and its greetings sent');
    const writes = await writesDuring(async () => {
      for (let sent = 1; sent <= FRAMES; sent++) {
        const { promise, resolve } = Promise.withResolvers<void>();
        receiver.handlers.onFrame = () => {
          resolve();
          return undefined;
        };
        sender.network.broadcastFrame(new Uint8Array(300));
        await promise;
      }
    });
    // A ping or a heartbeat may fall between.
    assert(writes >= FRAMES && writes < FRAMES * 1.25, `${writes} writes for ${FRAMES} frames`);
  });
});
