import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import { eventually, within } from './harness/deadline.ts';
import { at, bytesOf, DEADLINE_MS, LIMITS, makeNodes, rawPeer, SYNC, textOf, withNodes } from './harness/networks.ts';

const never = new AbortController().signal;
const codeOfRejection = (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (error: unknown) => codeOf(error),
  );

describe('network sync', () => {
  it('answers a request with 1,000 frames, in order', async () => {
    const nodes = await makeNodes(2);
    let asked: unknown;
    at(nodes, 1).handlers.serveSync = async function* (from, request) {
      asked = { from, request: textOf(request) };
      for (let index = 0; index < 1_000; index += 1) yield new Uint8Array(5_000).fill(index % 251);
    };
    await withNodes(nodes, async () => {
      const firsts: (number | undefined)[] = [];
      const onFrame = (bytes: Uint8Array): void => void firsts.push(bytes[4_999]);
      await within(
        DEADLINE_MS,
        at(nodes, 0).network.requestSync('v1', bytesOf('from 7'), onFrame, never),
        'the answer',
      );
      assert.deepEqual(asked, { from: 'v0', request: 'from 7' });
      assert.deepEqual(
        firsts,
        Array.from({ length: 1_000 }, (_, index) => index % 251),
      );
    });
  });

  it('makes the server wait for a slow link, and stop when the client aborts', async () => {
    const nodes = await makeNodes(2);
    let yielded = 0;
    let isOver = false;
    at(nodes, 1).handlers.serveSync = async function* () {
      try {
        for (;;) {
          yielded += 1;
          yield new Uint8Array(100_000);
        }
      } finally {
        isOver = true;
      }
    };
    await withNodes(nodes, async () => {
      const abort = new AbortController();
      let seen = 0;
      const answer = at(nodes, 0).network.requestSync(
        'v1',
        bytesOf('all'),
        () => {
          seen += 1;
          if (seen === 20) abort.abort();
        },
        abort.signal,
      );
      assert.equal(await codeOfRejection(within(DEADLINE_MS, answer, 'the abort')), 'WAGGLE_NETWORK_SYNC_ABORTED');
      assert.equal(seen, 20);
      await eventually(() => isOver, DEADLINE_MS, 'the server stops');
      assert(yielded < 100, `${yielded} frames made for 20 read`);
      await eventually(() => at(nodes, 1).counter('sync.aborted') === 1, DEADLINE_MS, 'the abort counted');
      assert(at(nodes, 0).isConnectedTo('v1'));
    });
  });

  it('tells half an answer from a whole one', async () => {
    const nodes = await makeNodes(3);
    let release = (): void => {};
    at(nodes, 1).handlers.serveSync = async function* (_from, request) {
      yield bytesOf('first');
      if (textOf(request) === 'fail') throw new Error('store broken');
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    await withNodes(nodes, async () => {
      const seen: string[] = [];
      const ask = (text: string) =>
        at(nodes, 0).network.requestSync('v1', bytesOf(text), (bytes) => void seen.push(textOf(bytes)), never);
      assert.equal(await codeOfRejection(within(DEADLINE_MS, ask('fail'), 'failure')), 'WAGGLE_NETWORK_SYNC_FAILED');
      const answer = codeOfRejection(ask('hang'));
      await eventually(() => seen.length === 2, DEADLINE_MS, 'the first frame');
      await at(nodes, 1).network.stop();
      assert.equal(await within(DEADLINE_MS, answer, 'the end of a lost connection'), 'WAGGLE_NETWORK_SYNC_FAILED');
      release();
      // A peer that stops refuses before its connection is gone: the code may differ, but no request succeeds.
      await eventually(
        async () => {
          const code = await codeOfRejection(within(DEADLINE_MS, ask('again'), 'an end'));
          if (code !== 'WAGGLE_NETWORK_SYNC_FAILED') assert.equal(code, 'WAGGLE_NETWORK_NOT_CONNECTED');
          return code === 'WAGGLE_NETWORK_NOT_CONNECTED';
        },
        DEADLINE_MS,
        'peer lost',
      );
      assert.equal(seen.length, 2);
      assert.equal(
        await codeOfRejection(at(nodes, 0).network.requestSync('v9', bytesOf('x'), () => {}, never)),
        'WAGGLE_NETWORK_NOT_CONNECTED',
      );
    });
  });

  it('ends an answer in full flow as broken when the server stops', async () => {
    const nodes = await makeNodes(2);
    at(nodes, 1).handlers.serveSync = async function* () {
      for (;;) yield new Uint8Array(20_000);
    };
    await withNodes(nodes, async () => {
      let seen = 0;
      const onFrame = (): void => {
        seen += 1;
      };
      const answer = codeOfRejection(at(nodes, 0).network.requestSync('v1', bytesOf('all'), onFrame, never));
      await eventually(() => seen > 50, DEADLINE_MS, 'frames');
      await at(nodes, 1).network.stop();
      assert.equal(await within(DEADLINE_MS, answer, 'the end'), 'WAGGLE_NETWORK_SYNC_FAILED');
    });
  });

  it('hands an error of the reader back as it is', async () => {
    const nodes = await makeNodes(2);
    at(nodes, 1).handlers.serveSync = async function* () {
      yield bytesOf('lie');
    };
    await withNodes(nodes, async () => {
      const lie = new Error('altered block');
      const answer = at(nodes, 0).network.requestSync(
        'v1',
        bytesOf('x'),
        () => {
          throw lie;
        },
        never,
      );
      await assert.rejects(answer, lie);
    });
  });

  it('serves four requests of a peer at once, and refuses the fifth', async () => {
    const nodes = await makeNodes(2);
    let serving = 0;
    const releases: (() => void)[] = [];
    at(nodes, 1).handlers.serveSync = async function* () {
      serving += 1;
      await new Promise<void>((resolve) => releases.push(resolve));
      yield bytesOf('done');
    };
    await withNodes(nodes, async () => {
      const ask = () => codeOfRejection(at(nodes, 0).network.requestSync('v1', bytesOf('x'), () => {}, never));
      const held = [ask(), ask(), ask(), ask()];
      await eventually(() => serving === 4, DEADLINE_MS, 'four at once');
      assert.equal(await within(DEADLINE_MS, ask(), 'the fifth'), 'WAGGLE_NETWORK_SYNC_FAILED');
      assert.equal(at(nodes, 1).counter('sync.refused_too_many'), 1);
      for (const release of releases) release();
      assert.deepEqual(await within(DEADLINE_MS, Promise.all(held), 'the four'), [
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
    });
  });

  it('refuses requests of a wrong size at both ends', async () => {
    const nodes = await makeNodes(1, 1);
    await withNodes(nodes, async () => {
      const node = at(nodes, 0);
      const raw = await rawPeer(1);
      try {
        const connection = await raw.connect(node);
        await eventually(() => node.counter('connection.opened') === 1, DEADLINE_MS, 'connection');
        const size = LIMITS.syncRequestBytesMax + 1;
        for (const bytes of [size, 0]) {
          const code = await codeOfRejection(node.network.requestSync('v1', new Uint8Array(bytes), () => {}, never));
          assert.equal(code, 'WAGGLE_NETWORK_SYNC_REQUEST_SIZE');
        }
        const stream = await connection.newStream(SYNC);
        stream.send(new Uint8Array([0, 0, size >> 8, size & 255]));
        await eventually(() => node.counter('frame.oversize') === 1, DEADLINE_MS, 'the oversize request refused');
        const unasked = await connection.newStream(SYNC);
        await unasked.close();
        await eventually(() => node.counter('frame.truncated') === 1, DEADLINE_MS, 'the missing request refused');
      } finally {
        await raw.stop();
      }
    });
  });
});
