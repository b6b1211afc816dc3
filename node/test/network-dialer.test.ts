import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Counters } from '../network/counters.ts';
import { Dialer } from '../network/dialer.ts';

/** Dials recorded by time, on a clock the test moves. */
function setUp(
  t: TestContext,
  dialsFirst: boolean,
  dial: () => Promise<void> = () => Promise.reject(new Error('refused')),
) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  const dialedAtMs: number[] = [];
  const dialer = new Dialer(
    [{ peer: 'p', dialsFirst }],
    () => {
      dialedAtMs.push(nowMs);
      return dial();
    },
    new Counters(),
    { nowMs: () => nowMs },
  );
  const pass = async (ms: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += 10) {
      nowMs += 10;
      t.mock.timers.tick(10);
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { dialer, dialedAtMs, pass };
}

describe('dialer', () => {
  it('keeps trying, at most five times a second and at least every two seconds', async (t) => {
    const { dialer, dialedAtMs, pass } = setUp(t, true);
    dialer.start();
    await pass(60_000);
    dialer.stop();
    const gapsMs = dialedAtMs.slice(1).map((atMs, index) => atMs - (dialedAtMs[index] ?? 0));
    assert(dialedAtMs[0] !== undefined && dialedAtMs[0] <= 20);
    assert(Math.min(...gapsMs) >= 200 && Math.max(...gapsMs) <= 2_020, `${Math.min(...gapsMs)} ${Math.max(...gapsMs)}`);
  });

  it('lets the peer with the smaller id dial first', async (t) => {
    const { dialer, dialedAtMs, pass } = setUp(t, false);
    dialer.start();
    await pass(980);
    assert.equal(dialedAtMs.length, 0);
    await pass(40);
    assert.equal(dialedAtMs.length, 1);
    dialer.stop();
  });

  it('rests while connected and dials again when the connection is gone, with back-off for one that flaps', async (t) => {
    const { dialer, dialedAtMs, pass } = setUp(t, true, () => {
      dialer.connected('p');
      return Promise.resolve();
    });
    dialer.start();
    await pass(10_000);
    assert.equal(dialedAtMs.length, 1);
    for (let flap = 0; flap < 20; flap += 1) {
      dialer.disconnected('p');
      await pass(200);
    }
    assert(dialedAtMs.length < 15, `${dialedAtMs.length} dials in 4 s of flapping`);
    dialer.stop();
    const dials = dialedAtMs.length;
    dialer.disconnected('p');
    await pass(10_000);
    assert.equal(dialedAtMs.length, dials);
  });

  it('dials who comes with another roster, leaves who goes, and takes who is connected as such', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let nowMs = 0;
    const dialed: string[] = [];
    const dialer = new Dialer(
      [{ peer: 'old', dialsFirst: true }],
      (peer) => {
        dialed.push(peer);
        return Promise.reject(new Error('refused'));
      },
      new Counters(),
      { nowMs: () => nowMs },
    );
    const pass = async (ms: number): Promise<void> => {
      for (let passedMs = 0; passedMs < ms; passedMs += 10) {
        nowMs += 10;
        t.mock.timers.tick(10);
        for (let left = 3; left > 0; left--) await Promise.resolve();
      }
    };
    dialer.start();
    await pass(20);
    const targets = ['new', 'here'].map((peer) => ({ peer, dialsFirst: true }));
    dialer.setTargets(targets, (peer) => peer === 'here');
    await pass(5_000);
    assert.deepEqual(new Set(dialed.slice(1)), new Set(['new']));
    dialer.disconnected('here');
    await pass(5_000);
    assert(dialed.includes('here'), 'a connection that was there is followed from then on');
    dialer.setTargets([], () => false);
    const dials = dialed.length;
    await pass(5_000);
    assert.equal(dialed.length, dials);
    dialer.stop();
  });

  it('dials nobody again who went while it was dialled', async (t) => {
    const answer = Promise.withResolvers<void>();
    const { dialer, dialedAtMs, pass } = setUp(t, true, () => answer.promise);
    dialer.start();
    await pass(20);
    dialer.setTargets([], () => false);
    answer.reject(new Error('refused'));
    await pass(5_000);
    assert.equal(dialedAtMs.length, 1);
    dialer.stop();
  });
});
