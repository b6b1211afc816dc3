import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseId } from '../../protocol/ids.ts';
import { ModelKeys, type UnusableKey } from '../driver/model-keys.ts';
import { KeyLock } from '../storage/key-lock.ts';
import { modelKeyPaths, saveModelKey, saveNewKey } from '../storage/keystore.ts';
import { pair } from './harness/fake-node-api.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const MODEL = parseId('m');
const SEALED = new KeyLock(new TextEncoder().encode('open sesame'));

interface Desk {
  readonly directory: string;
  readonly keys: ModelKeys;
  readonly told: UnusableKey[];
  /** The key byte the registry has for every model. */
  registered: number;
}

async function withKeys(use: (desk: Desk) => Promise<void>): Promise<void> {
  await inTemporaryDirectory(async (directory) => {
    const told: UnusableKey[] = [];
    const desk: Desk = {
      directory,
      told,
      registered: 7,
      keys: new ModelKeys({
        directory,
        lock: undefined,
        registered: (model) => (model === 'unknown' ? undefined : pair(desk.registered).publicKey),
        onUnusable: (key) => void told.push(key),
      }),
    };
    await use(desk);
  });
}

describe('keys of models', () => {
  it('are those the registry has, also when they change while the node runs', () =>
    withKeys(async (desk) => {
      assert.equal(await desk.keys.get('m'), undefined);
      await saveModelKey(desk.directory, MODEL, pair(7));
      assert.deepEqual((await desk.keys.get('m'))?.publicKey, pair(7).publicKey);
      const { current, next } = modelKeyPaths(desk.directory, MODEL);
      await saveNewKey(next, { pair: pair(8), subject: 'model/m' });
      assert.deepEqual((await desk.keys.get('m'))?.publicKey, pair(7).publicKey);
      desk.registered = 8;
      assert.deepEqual((await desk.keys.get('m'))?.publicKey, pair(8).publicKey);
      await rename(next, current);
      assert.deepEqual((await desk.keys.get('m'))?.publicKey, pair(8).publicKey);
      for (const name of ['unknown', '../m', '']) assert.equal(await desk.keys.get(name), undefined);
      assert.deepEqual(desk.told, []);
    }));

  it('that cannot be opened are told once, and keep no other from its work', () =>
    withKeys(async (desk) => {
      await saveModelKey(desk.directory, MODEL, pair(7));
      await saveModelKey(desk.directory, parseId('sealed'), pair(7), SEALED);
      await writeFile(join(desk.directory, 'damaged.key'), '{', { mode: 0o600 });
      await writeFile(join(desk.directory, 'NO ID.key'), '{}', { mode: 0o600 });
      await saveNewKey(join(desk.directory, 'renamed.key'), { pair: pair(7), subject: 'model/m' });
      for (let run = 0; run < 2; run++) await desk.keys.check();
      assert.deepEqual(
        desk.told.map(({ model, code }) => [model, code]),
        [
          ['NO ID', 'WAGGLE_KEY_NAME'],
          ['damaged', 'WAGGLE_KEY_DAMAGED'],
          ['renamed', 'WAGGLE_KEY_SUBJECT'],
          ['sealed', 'WAGGLE_KEY_LOCKED'],
        ],
      );
      assert.equal(await desk.keys.get('sealed'), undefined);
      assert.equal(desk.keys.fault('sealed'), 'WAGGLE_KEY_LOCKED');
      assert.equal((await desk.keys.get('m'))?.publicKey.length, 32);
      assert.equal(desk.keys.fault('m'), undefined);
    }));

  it('that are mended work at the next ballot', () =>
    withKeys(async (desk) => {
      const { current, next } = modelKeyPaths(desk.directory, MODEL);
      await writeFile(current, '{', { mode: 0o600 });
      assert.equal(await desk.keys.get('m'), undefined);
      assert.equal(desk.keys.fault('m'), 'WAGGLE_KEY_DAMAGED');
      await saveNewKey(next, { pair: pair(7), subject: 'model/m' });
      assert.ok((await desk.keys.get('m')) !== undefined, 'the damage of one does not hide the other');
      assert.equal(desk.keys.fault('m'), undefined);
      await rm(next);
      desk.registered = 9;
      await rm(current);
      await saveModelKey(desk.directory, MODEL, pair(9));
      assert.deepEqual((await desk.keys.get('m'))?.publicKey, pair(9).publicKey);
      assert.equal(desk.told.length, 1);
    }));

  it('in a folder that is not there are none', async () => {
    const told: UnusableKey[] = [];
    const parts = { directory: '/nonexistent', lock: undefined, registered: () => pair(7).publicKey };
    const keys = new ModelKeys({ ...parts, onUnusable: (key) => void told.push(key) });
    await keys.check();
    assert.equal(await keys.get('m'), undefined);
    assert.deepEqual(told, []);
  });
});
