import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery, Effects, Input, JournalEntry, Send } from '../../consensus/types.ts';
import type { ConsensusVote } from '../../protocol/certificate.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { Driver, type DriverPorts } from '../driver/driver.ts';

const VOTE: ConsensusVote = {
  kind: 'nullify',
  epoch: 0,
  view: 1,
  blockHash: undefined,
  signer: 0,
  signature: new Uint8Array(64),
};
const RECORD: JournalEntry = { kind: 'nullify', vote: VOTE };
const SEND: Send = { to: 'all', message: { kind: 'vote', vote: VOTE } };
const DELIVERY: Delivery = { kind: 'refused', from: 1, reason: 'test' };

function effects(part: Partial<Effects>): Effects {
  const { persist = [] } = part;
  return { persist, mustSync: persist.length > 0, send: [], deliver: [], wakeAtMs: undefined, ...part };
}

/** What one turn makes of its inputs together. */
function merged(all: readonly Effects[]): Effects {
  const wakes = all.flatMap(({ wakeAtMs }) => (wakeAtMs === undefined ? [] : [wakeAtMs]));
  return {
    persist: all.flatMap(({ persist }) => persist),
    mustSync: all.some(({ mustSync }) => mustSync),
    send: all.flatMap(({ send }) => send),
    deliver: all.flatMap(({ deliver }) => deliver),
    wakeAtMs: wakes.length === 0 ? undefined : Math.min(...wakes),
  };
}

/** A driver whose world writes down what happens, in order. */
class World {
  readonly events: string[] = [];
  readonly wakes: { delayMs: number; wake: () => void; cancelled: boolean }[] = [];
  readonly failures: { error: unknown; trace: readonly string[] }[] = [];
  nowMs = 1_000;
  isDue = false;
  /** What the way into the next epoch answers; undefined while the epoch is not over. */
  next: (() => Promise<readonly Input[]>) | undefined;
  append: (entries: readonly JournalEntry[]) => Promise<void> = async () => undefined;
  driver: Driver;

  constructor(step: (input: Input) => Partial<Effects>) {
    const ports: DriverPorts = {
      clock: {
        now: () => ({ monoMs: this.nowMs, wallMs: 0 }),
        turn: () => new Promise((resolve) => setImmediate(resolve)),
        wakeIn: (delayMs, wake) => {
          const one = { delayMs, wake, cancelled: false };
          this.wakes.push(one);
          return () => {
            one.cancelled = true;
          };
        },
      },
      step: (inputs, now) => {
        assert.equal(now.monoMs, this.nowMs);
        this.events.push(...inputs.map(({ kind }) => kind));
        return merged(inputs.map((input) => effects(step(input))));
      },
      append: async (entries) => {
        this.events.push(`append ${entries.length}`);
        await this.append(entries);
        this.events.push('appended');
      },
      send: () => void this.events.push('send'),
      deliver: (deliveries) => void this.events.push(`deliver ${deliveries.length}`),
      room: () => undefined,
      compaction: {
        isDue: () => this.isDue,
        run: async () => {
          this.events.push('compact');
          this.isDue = false;
        },
      },
      epochs: {
        isDue: () => this.next !== undefined,
        run: async () => {
          const { next } = this;
          this.events.push('epoch');
          this.next = undefined;
          return (await next?.()) ?? [];
        },
      },
      fail: (error, trace) => void this.failures.push({ error, trace }),
    };
    this.driver = new Driver(ports);
  }

  /** Until the loop rests. */
  async rest(): Promise<void> {
    let before = -1;
    while ((this.driver.queued > 0 && !this.driver.isStopped) || before !== this.events.length) {
      before = this.events.length;
      for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function submit(id: number): Input {
  return { kind: 'submit', shard: 1, item: { kind: 1, bytes: new Uint8Array(1) }, id: new Uint8Array(32).fill(id) };
}

describe('driver', () => {
  it('sends and delivers only after the records are synced, then says so to the step', async () => {
    const world = new World((input) =>
      input.kind === 'submit' ? { persist: [RECORD], send: [SEND], deliver: [DELIVERY] } : {},
    );
    world.driver.push(submit(1));
    await world.rest();
    assert.deepEqual(world.events, ['submit', 'append 1', 'appended', 'send', 'deliver 1', 'synced']);
  });

  it('syncs once for all inputs of a turn', async () => {
    const world = new World((input) => (input.kind === 'submit' ? { persist: [RECORD], send: [SEND] } : {}));
    for (let id = 0; id < 3; id++) world.driver.push(submit(id));
    await world.rest();
    assert.deepEqual(world.events.slice(0, 5), ['submit', 'submit', 'submit', 'append 3', 'appended']);
    assert.equal(world.events.filter((event) => event === 'send').length, 3);
    assert.equal(world.events.at(-1), 'synced');
  });

  it('lets nothing wait for notes, and appends them before the next promise, in order', async () => {
    const [note, promise] = [1, 2].map((view) => ({ ...RECORD, view }) as JournalEntry) as [JournalEntry, JournalEntry];
    const world = new World((input) => {
      if (input.kind === 'tick') return { persist: [note], mustSync: false, send: [SEND] };
      return input.kind === 'submit' ? { persist: [promise] } : {};
    });
    const appended: JournalEntry[] = [];
    world.append = async (records) => {
      appended.push(...records);
    };
    world.driver.push({ kind: 'tick' });
    await world.rest();
    assert.deepEqual(world.events, ['tick', 'send']);
    assert.deepEqual(appended, []);
    world.driver.push(submit(1));
    await world.rest();
    assert.deepEqual(appended, [note, promise]);
    assert.equal(world.events.at(-1), 'synced');
  });

  it('does not hoard notes', async () => {
    const world = new World(() => ({ persist: [RECORD], mustSync: false }));
    for (let times = 0; times < 64; times++) {
      world.driver.push({ kind: 'tick' });
      await world.rest();
    }
    assert.equal(world.events.filter((event) => event === 'append 64').length, 1);
    assert.ok(!world.events.includes('synced'));
  });

  it('goes on with `synced` until nothing is left to persist', async () => {
    let left = 2;
    const world = new World(() => (left-- > 0 ? { persist: [RECORD] } : {}));
    await world.driver.start();
    const round = ['append 1', 'appended', 'synced'];
    assert.deepEqual(world.events, ['start', ...round, ...round]);
  });

  it('takes what came in during a sync into the next turn, behind `synced`', async () => {
    const world = new World((input) => (input.kind === 'submit' ? { persist: [RECORD], send: [SEND] } : {}));
    let isFirst = true;
    world.append = async () => {
      if (isFirst) world.driver.push(submit(2));
      isFirst = false;
    };
    world.driver.push(submit(1));
    await world.rest();
    assert.deepEqual(world.events, [
      'submit',
      'append 1',
      'appended',
      'send',
      'synced',
      'submit',
      'append 1',
      'appended',
      'send',
      'synced',
    ]);
  });

  it('sends nothing after a failed append, and never steps again', async () => {
    const world = new World(() => ({ persist: [RECORD], send: [SEND], deliver: [DELIVERY] }));
    world.append = () => Promise.reject(new WaggleError('WAGGLE_JOURNAL_SYNC'));
    world.driver.push(submit(1));
    await world.rest();
    assert.equal(world.driver.push(submit(2)), false);
    await world.rest();
    assert.deepEqual(world.events, ['submit', 'append 1']);
    assert.deepEqual(
      world.failures.map(({ error }) => codeOf(error)),
      ['WAGGLE_JOURNAL_SYNC'],
    );
  });

  it('fails a start whose records cannot be synced', async () => {
    const world = new World(() => ({ persist: [RECORD] }));
    world.append = () => Promise.reject(new WaggleError('WAGGLE_JOURNAL_SYNC'));
    await assert.rejects(world.driver.start(), (error) => codeOf(error) === 'WAGGLE_JOURNAL_SYNC');
  });

  it('reports the last inputs when an invariant breaks', async () => {
    const world = new World((input) => {
      if (input.kind === 'submit') throw new WaggleError('WAGGLE_INVARIANT', { invariant: 'planted' });
      return {};
    });
    world.driver.push({ kind: 'message', from: 2, message: { kind: 'fetch-final', from: 7 } });
    await world.rest();
    world.driver.push(submit(1));
    await world.rest();
    assert.deepEqual(world.failures[0]?.trace, ['fetch-final from=2', 'submit shard=1']);
  });

  it('keeps one timer, for the earliest wish, and never one of nothing or of ages', async () => {
    const wishes = [5_000, 1_200, 1_900];
    const world = new World(() => ({ wakeAtMs: wishes.shift() }));
    for (let turn = 0; turn < 3; turn++) {
      world.driver.push({ kind: 'tick' });
      await world.rest();
    }
    assert.deepEqual(
      world.wakes.map(({ delayMs }) => delayMs),
      [4_000, 200],
    );
    assert.deepEqual(
      world.wakes.map(({ cancelled }) => cancelled),
      [true, false],
    );
    wishes.push(1, 1e12);
    world.wakes[1]?.wake();
    await world.rest();
    world.wakes[2]?.wake();
    await world.rest();
    assert.deepEqual(
      world.wakes.slice(2).map(({ delayMs }) => delayMs),
      [1, 60_000],
    );
    assert.equal(world.events.filter((event) => event === 'tick').length, 5);
  });

  it('compacts between turns, with nothing unsynced and inputs kept waiting', async () => {
    const world = new World((input) => (input.kind === 'submit' ? { persist: [RECORD] } : {}));
    world.append = async () => {
      world.isDue = true;
      if (world.driver.queued === 0 && world.events.length < 5) world.driver.push({ kind: 'tick' });
    };
    world.driver.push(submit(1));
    await world.rest();
    assert.deepEqual(world.events, ['submit', 'append 1', 'appended', 'synced', 'compact', 'tick']);
  });

  it('begins another epoch between turns, before it compacts, and steps what that answers first', async () => {
    const placed: number[] = [];
    const world = new World((input) => {
      if (input.kind === 'submit') placed.push(input.shard);
      return {};
    });
    const message: Input = { kind: 'message', from: 3, message: { kind: 'fetch-final', from: 7 } };
    world.isDue = true;
    world.next = async () => {
      // Pushed before the roster changed, and after.
      world.driver.push(message);
      world.driver.push(submit(2));
      world.driver.beginEpoch(() => 5);
      world.driver.push({ ...message, from: 4 });
      return [{ kind: 'start' }];
    };
    world.driver.push(submit(1));
    await world.rest();
    assert.deepEqual(world.events, ['epoch', 'compact', 'start', 'submit', 'submit', 'message']);
    assert.deepEqual(placed, [5, 5]);
  });

  it('leaves no note of an epoch for the journal of the next', async () => {
    const world = new World((input) => {
      if (input.kind === 'tick') {
        world.next = () => Promise.resolve([{ kind: 'start' }]);
        return { persist: [RECORD], mustSync: false };
      }
      return input.kind === 'start' ? { persist: [RECORD] } : {};
    });
    world.driver.push({ kind: 'tick' });
    await world.rest();
    const before = ['tick', 'append 1', 'appended', 'epoch'];
    assert.deepEqual(world.events, [...before, 'start', 'append 1', 'appended', 'synced']);
  });

  it('stops for good when the next epoch cannot begin, and steps nothing of it when it is stopped meanwhile', async () => {
    for (const isStopped of [false, true]) {
      const world = new World(() => ({}));
      world.next = () => {
        if (!isStopped) return Promise.reject(new WaggleError('WAGGLE_JOURNAL_SYNC'));
        void world.driver.stop();
        return Promise.resolve([{ kind: 'start' }]);
      };
      world.driver.push({ kind: 'tick' });
      await world.rest();
      assert.deepEqual(world.events, ['epoch']);
      assert.equal(world.failures.length, isStopped ? 0 : 1);
      assert.equal(world.driver.isStopped, true);
    }
  });

  it('takes nothing once it is stopped', async () => {
    const world = new World(() => ({ wakeAtMs: 2_000 }));
    await world.driver.start();
    await world.driver.stop();
    assert.equal(world.driver.push({ kind: 'tick' }), false);
    assert.deepEqual(world.events, ['start']);
    assert.equal(world.wakes[0]?.cancelled, true);
  });
});
