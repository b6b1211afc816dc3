import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import { takeLock } from '../storage/home-lock.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

/** A process that takes the lock, says so, and holds it until it is killed. */
const HOLDER = `
  const { takeLock } = await import(process.argv[1]);
  try {
    await takeLock(process.argv[2]);
    console.log('held');
    process.stdin.resume();
  } catch (error) {
    console.log(error.code, error.facts?.pid);
  }
`;

async function startHolder(lock: string): Promise<{ child: ChildProcess; said: string }> {
  const module = new URL('../storage/home-lock.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, module, lock], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  assert.ok(child.stdout !== null);
  const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, said: String(said).trim() };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('home lock', () => {
  it('is held once in a process, and again after its release', () =>
    inTemporaryDirectory(async (directory) => {
      const lock = join(directory, 'lock');
      const release = await takeLock(lock);
      await assert.rejects(takeLock(lock), { code: 'WAGGLE_HOME_LOCKED', facts: { pid: process.pid } });
      await release();
      await (await takeLock(lock))();
      assert.deepEqual(await readdir(directory), []);
    }));

  it('is held against another process, both ways, and freed by its death', () =>
    inTemporaryDirectory(async (directory) => {
      const lock = join(directory, 'lock');
      const holder = await startHolder(lock);
      try {
        assert.equal(holder.said, 'held');
        await assert.rejects(takeLock(lock), { code: 'WAGGLE_HOME_LOCKED', facts: { pid: holder.child.pid } });
        await end(holder.child);
        const release = await takeLock(lock);
        const second = await startHolder(lock);
        await end(second.child);
        assert.equal(second.said, `WAGGLE_HOME_LOCKED ${process.pid}`);
        await release();
      } finally {
        await end(holder.child);
      }
    }));

  it('is not held by a process that only has the number of an old holder', { skip: process.platform !== 'linux' }, () =>
    inTemporaryDirectory(async (directory) => {
      const lock = join(directory, 'lock');
      const release = await takeLock(lock);
      const holder = JSON.parse(await readFile(lock, 'utf8'));
      await release();
      for (const change of [{ startTicks: '1' }, { bootId: 'another boot' }, { pid: 2 ** 22 + 1 }]) {
        await writeFile(lock, JSON.stringify({ ...holder, ...change }));
        await (await takeLock(lock))();
      }
      const { startTicks: _, bootId: __, ...onlyPid } = holder;
      await writeFile(lock, JSON.stringify(onlyPid));
      await assert.rejects(takeLock(lock), { code: 'WAGGLE_HOME_LOCKED' });
    }),
  );

  it('is taken over from a file that names nobody', () =>
    inTemporaryDirectory(async (directory) => {
      const lock = join(directory, 'lock');
      for (const content of ['', 'garbage', '{"pid":-1}', '{"pid":"1"}', 'null']) {
        await writeFile(lock, content);
        await (await takeLock(lock))();
      }
    }));

  it('is taken over by one of many, also past a takeover that was interrupted', () =>
    inTemporaryDirectory(async (directory) => {
      const lock = join(directory, 'lock');
      const gone = JSON.stringify({ pid: 2 ** 22 + 1, nonce: 'gone' });
      for (let round = 0; round < 20; round++) {
        await writeFile(lock, gone);
        if (round % 2 === 1) await writeFile(`${lock}.takeover`, gone);
        const taken = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(lock)));
        const held = taken.filter((one) => one.status === 'fulfilled');
        assert.equal(held.length, 1);
        for (const one of taken) if (one.status === 'rejected') assert.equal(codeOf(one.reason), 'WAGGLE_HOME_LOCKED');
        await held[0]?.value();
        assert.deepEqual(await readdir(directory), []);
      }
    }));
});
