import assert from 'node:assert/strict';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { generateKeyPair } from '../../protocol/crypto/keys.ts';
import { type Id, parseId } from '../../protocol/ids.ts';
import { loadKey, loadModelKeys, loadOrCreateKey, saveModelKey } from '../storage/keystore.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const MESSAGE = new Uint8Array(32).fill(7);

describe('keystore', () => {
  it('makes a key once and gives the same one ever after', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'validator.key');
      assert.equal(await loadKey(path, 'node'), undefined);
      const [first, raced] = await Promise.all([loadOrCreateKey(path, 'node'), loadOrCreateKey(path, 'node')]);
      const again = await loadOrCreateKey(path, 'node');
      assert.deepEqual(raced.publicKey, first.publicKey);
      assert.deepEqual(again.publicKey, first.publicKey);
      assert.deepEqual(again.sign(MESSAGE), first.sign(MESSAGE));
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.deepEqual(await readdir(directory), ['validator.key']);
    }));

  it('refuses a key that others may read', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'node.key');
      await loadOrCreateKey(path, 'node');
      for (const mode of [0o640, 0o604, 0o644, 0o660]) {
        await chmod(path, mode);
        await assert.rejects(loadOrCreateKey(path, 'node'), { code: 'WAGGLE_KEY_MODE' });
      }
    }));

  it('refuses a damaged key and never prints it', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'node.key');
      await loadOrCreateKey(path, 'node');
      const whole = await readFile(path, 'utf8');
      const { seed, publicKey, ...rest } = JSON.parse(whole);
      const other = seed.startsWith('0') ? `1${seed.slice(1)}` : `0${seed.slice(1)}`;
      const bad = [
        '',
        'null',
        whole.slice(0, 100),
        JSON.stringify({ ...rest, publicKey, seed: other }),
        JSON.stringify({ ...rest, publicKey, seed: seed.toUpperCase().replace(/^./, 'A') }),
        JSON.stringify({ ...rest, publicKey, seed: seed.slice(2) }),
        JSON.stringify({ ...rest, publicKey: 'x', seed }),
        JSON.stringify({ ...rest, v: 2, publicKey, seed }),
        ' '.repeat(5000),
      ];
      for (const content of bad) {
        await writeFile(path, content);
        await assert.rejects(loadOrCreateKey(path, 'node'), (error: Error & { code?: string }) => {
          assert.equal(error.code, 'WAGGLE_KEY_DAMAGED');
          assert.ok(!error.message.includes(seed.slice(2, 20)));
          return true;
        });
      }
    }));

  it('keeps a key for each model, by its id', () =>
    inTemporaryDirectory(async (directory) => {
      const [a, b] = [generateKeyPair(), generateKeyPair()];
      await saveModelKey(directory, parseId('model-a'), a);
      await saveModelKey(directory, parseId('model-b.2'), b);
      await saveModelKey(directory, parseId('model-a'), a);
      await assert.rejects(saveModelKey(directory, parseId('model-a'), b), { code: 'WAGGLE_KEY_EXISTS' });
      await writeFile(join(directory, 'readme.txt'), 'not a key');
      const keys = await loadModelKeys(directory);
      assert.deepEqual([...keys.keys()], ['model-a', 'model-b.2']);
      assert.deepEqual(keys.get(parseId('model-a'))?.publicKey, a.publicKey);
    }));

  it('cannot be led out of its directory', () =>
    inTemporaryDirectory(async (directory) => {
      for (const id of ['../x', '/etc/x', '.x', 'A', '', 'a/b', 'a\0b', 'a'.repeat(65)]) {
        await assert.rejects(saveModelKey(directory, id as Id, generateKeyPair()), { code: 'WAGGLE_KEY_NAME' });
      }
      await writeFile(join(directory, 'NOT-AN-ID.key'), '{}');
      await assert.rejects(loadModelKeys(directory), { code: 'WAGGLE_KEY_NAME' });
    }));
});
