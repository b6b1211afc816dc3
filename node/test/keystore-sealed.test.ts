import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { codeOf } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import { decodeKey } from '../storage/key-format.ts';
import { KeyLock } from '../storage/key-lock.ts';
import { keyFacts, loadKey, modelKeyPaths, promoteNextKey, saveModelKey, saveNewKey } from '../storage/keystore.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const MODEL = parseId('model-a');
const PAIR = keyPairFromSeed(new Uint8Array(32).fill(9));
const lockOf = (text: string): KeyLock => new KeyLock(new TextEncoder().encode(text));
/** Shared, so that the tests derive a key twice and not a hundred times. */
const LOCK = lockOf('open sesame');

/** Written once by this code; it must open for ever. Passphrase "open sesame". */
const GOLDEN = new URL('fixtures/sealed.key', import.meta.url);

function codeWhen(path: string, lock?: KeyLock): Promise<string | undefined> {
  return loadKey(path, lock).then(
    () => undefined,
    (error: unknown) => codeOf(error) ?? 'not ours',
  );
}

describe('a sealed key', () => {
  it('opens with its passphrase and no other, and says its public key without', () =>
    inTemporaryDirectory(async (directory) => {
      await saveModelKey(directory, MODEL, PAIR, LOCK);
      const { current } = modelKeyPaths(directory, MODEL);
      const text = await readFile(current, 'utf8');
      assert.ok(!text.includes(toHex(new Uint8Array(32).fill(9))));
      assert.deepEqual(await keyFacts(current), { publicKey: PAIR.publicKey, encrypted: true });
      assert.deepEqual((await loadKey(current, LOCK))?.publicKey, PAIR.publicKey);
      assert.equal(await codeWhen(current), 'WAGGLE_KEY_LOCKED');
      assert.equal(await codeWhen(current, lockOf('open sesam')), 'WAGGLE_KEY_PASSPHRASE');
    }));

  it('of a home share their salt, and never a nonce', () =>
    inTemporaryDirectory(async (directory) => {
      const files: { kdf: { salt: string }; cipher: { nonce: string } }[] = [];
      for (const name of ['a', 'b', 'c']) {
        await saveNewKey(join(directory, name), PAIR, LOCK);
        files.push(JSON.parse(await readFile(join(directory, name), 'utf8')));
      }
      assert.equal(new Set(files.map(({ kdf }) => kdf.salt)).size, 1);
      assert.equal(new Set(files.map(({ cipher }) => cipher.nonce)).size, 3);
    }));

  it('written by the first version opens', async () => {
    const pair = await decodeKey('golden', await readFile(GOLDEN, 'utf8'), LOCK);
    assert.equal(toHex(pair.publicKey), toHex(PAIR.publicKey));
  });

  it('with any byte changed is refused by a code, and no code tells what was inside', async () => {
    const text = await readFile(GOLDEN, 'utf8');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.integer({ min: 32, max: 126 }), async (at, code) => {
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        // Parameters of the derivation cost real work; what they must not be is tested below.
        fc.pre(changed !== text && parsed(changed)?.kdf?.salt === parsed(text)?.kdf?.salt);
        fc.pre(JSON.stringify(parsed(changed)) !== JSON.stringify(parsed(text)));
        const error = await decodeKey('x', changed, LOCK).then(
          () => assert.fail(`opened: ${changed}`),
          (thrown: unknown) => thrown,
        );
        assert.match(codeOf(error) ?? 'none', /^WAGGLE_KEY_(?:DAMAGED|PASSPHRASE|KDF)$/);
        assert.ok(!String(error).includes('09090909'));
      }),
      { numRuns: 150 },
    );
  });

  it('cannot make this machine work without bounds', async () => {
    const file = JSON.parse(await readFile(GOLDEN, 'utf8'));
    for (const kdf of [{ n: 2 ** 40 }, { n: 3 }, { n: 2 }, { r: 1_000 }, { p: 100 }, { n: 2 ** 20, r: 16 }]) {
      const text = JSON.stringify({ ...file, kdf: { ...file.kdf, ...kdf } });
      await assert.rejects(decodeKey('x', text, LOCK), { code: 'WAGGLE_KEY_KDF' });
    }
  });

  it('is read from a file of the owner only: no link, no directory, no other mode', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'real.key');
      await saveNewKey(path, PAIR);
      await symlink(path, join(directory, 'link.key'));
      await mkdir(join(directory, 'folder.key'));
      assert.equal(await codeWhen(join(directory, 'link.key')), 'WAGGLE_KEY_DAMAGED');
      assert.equal(await codeWhen(join(directory, 'folder.key')), 'WAGGLE_KEY_DAMAGED');
      await chmod(path, 0o640);
      assert.equal(await codeWhen(path), 'WAGGLE_KEY_MODE');
    }));

  it('never takes the place of another one but by a rotation', () =>
    inTemporaryDirectory(async (directory) => {
      const other = keyPairFromSeed(new Uint8Array(32).fill(10));
      await saveModelKey(directory, MODEL, PAIR);
      await assert.rejects(saveModelKey(directory, MODEL, other), { code: 'WAGGLE_KEY_EXISTS' });
      const { current, next } = modelKeyPaths(directory, MODEL);
      await saveNewKey(next, other);
      await promoteNextKey(directory, MODEL);
      assert.deepEqual((await keyFacts(current))?.publicKey, other.publicKey);
      assert.equal(await keyFacts(next), undefined);
    }));

  it('and its passphrase are printed as secret', () => {
    for (const secret of [PAIR, LOCK]) {
      assert.match(inspect(secret), /secret/);
      assert.equal(JSON.stringify(secret), '"[secret]"');
    }
  });

  it('that is damaged says what, never the content', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'x.key');
      for (const content of ['{', '[]', '{"v":2,"kind":"ed25519-seed"}', '{"v":3,"kind":"ed25519-seed"}']) {
        await writeFile(path, content, { mode: 0o600 });
        assert.equal(await codeWhen(path, LOCK), 'WAGGLE_KEY_DAMAGED');
      }
    }));
});

function parsed(text: string): { kdf?: { salt?: string } } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
