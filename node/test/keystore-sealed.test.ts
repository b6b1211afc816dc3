import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { codeOf } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import { decodeKey, type KeySubject } from '../storage/key-format.ts';
import { KeyLock } from '../storage/key-lock.ts';
import {
  keyFacts,
  loadKey,
  modelKeyPaths,
  modelSubject,
  prepareNextKey,
  promoteNextKey,
  saveModelKey,
  saveNewKey,
  writeKeyFile,
} from '../storage/keystore.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const MODEL = parseId('model-a');
const SUBJECT = modelSubject(MODEL);
const PAIR = keyPairFromSeed(new Uint8Array(32).fill(9));
const lockOf = (text: string): KeyLock => new KeyLock(new TextEncoder().encode(text));
/** Shared, so that the tests derive a key twice and not a hundred times. */
const LOCK = lockOf('open sesame');

/** Written once by this code; it must open for ever. Passphrase "open sesame". */
const GOLDEN = new URL('fixtures/sealed-3.key', import.meta.url);
const GOLDEN_2 = new URL('fixtures/sealed.key', import.meta.url);

function codeWhen(path: string, lock?: KeyLock, subject: KeySubject = SUBJECT): Promise<string | undefined> {
  return loadKey(path, subject, lock).then(
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
      assert.deepEqual(await keyFacts(current), { publicKey: PAIR.publicKey, encrypted: true, subject: SUBJECT });
      assert.deepEqual((await loadKey(current, SUBJECT, LOCK))?.publicKey, PAIR.publicKey);
      assert.equal(await codeWhen(current), 'WAGGLE_KEY_LOCKED');
      assert.equal(await codeWhen(current, lockOf('open sesam')), 'WAGGLE_KEY_PASSPHRASE');
    }));

  it('of a home share their salt, and never a nonce', () =>
    inTemporaryDirectory(async (directory) => {
      const files: { kdf: { salt: string }; cipher: { nonce: string } }[] = [];
      for (const name of ['a', 'b', 'c']) {
        await saveNewKey(join(directory, name), { pair: PAIR, subject: SUBJECT, lock: LOCK });
        files.push(JSON.parse(await readFile(join(directory, name), 'utf8')));
      }
      assert.equal(new Set(files.map(({ kdf }) => kdf.salt)).size, 1);
      assert.equal(new Set(files.map(({ cipher }) => cipher.nonce)).size, 3);
    }));

  it('written by any version opens, and by the third only as what it is', async () => {
    for (const golden of [GOLDEN, GOLDEN_2]) {
      const pair = await decodeKey('golden', await readFile(golden, 'utf8'), LOCK, SUBJECT);
      assert.equal(toHex(pair.publicKey), toHex(PAIR.publicKey));
    }
    const text = await readFile(GOLDEN, 'utf8');
    for (const subject of ['model/model-b', 'node'] as const) {
      await assert.rejects(decodeKey('golden', text, LOCK, subject), { code: 'WAGGLE_KEY_SUBJECT' });
      const renamed = JSON.stringify({ ...JSON.parse(text), subject });
      await assert.rejects(decodeKey('golden', renamed, LOCK, subject), { code: 'WAGGLE_KEY_PASSPHRASE' });
    }
    const { subject: _, ...older } = JSON.parse(text);
    await assert.rejects(decodeKey('x', JSON.stringify({ ...older, v: 2 }), LOCK, SUBJECT), {
      code: 'WAGGLE_KEY_PASSPHRASE',
    });
  });

  it('or a plain one renamed to that of another model is refused', () =>
    inTemporaryDirectory(async (directory) => {
      const other = modelKeyPaths(directory, parseId('model-b')).current;
      for (const lock of [undefined, LOCK]) {
        await saveModelKey(directory, MODEL, PAIR, lock);
        await rename(modelKeyPaths(directory, MODEL).current, other);
        assert.equal(await codeWhen(other, LOCK, 'model/model-b'), 'WAGGLE_KEY_SUBJECT');
        await rm(other);
      }
    }));

  it('written to a file of its own has another salt, a mode of its own, and replaces nothing unasked', () =>
    inTemporaryDirectory(async (directory) => {
      await saveModelKey(directory, MODEL, PAIR, LOCK);
      const [path, link] = [join(directory, 'out'), join(directory, 'link')];
      const key = { pair: PAIR, subject: SUBJECT, lock: LOCK.apart() };
      await writeKeyFile(path, key, false);
      const saltOf = async (file: string) => JSON.parse(await readFile(file, 'utf8')).kdf.salt;
      assert.notEqual(await saltOf(path), await saltOf(modelKeyPaths(directory, MODEL).current));
      await writeFile(path, 'dear diary', { mode: 0o644 });
      await assert.rejects(writeKeyFile(path, key, false), { code: 'WAGGLE_KEY_FILE' });
      assert.equal(await readFile(path, 'utf8'), 'dear diary');
      await symlink(path, link);
      await writeKeyFile(link, key, true);
      assert.equal(await readFile(path, 'utf8'), 'dear diary', 'the link is replaced, not what it leads to');
      assert.equal((await lstat(link)).mode & 0o777, 0o600);
      assert.equal(await codeWhen(link, LOCK), undefined);
      for (const to of [directory, join(directory, 'none', 'x')]) {
        await assert.rejects(writeKeyFile(to, key, true), { code: 'WAGGLE_KEY_FILE' });
      }
      assert.deepEqual(
        (await readdir(directory)).filter((name) => name.startsWith('.')),
        [],
      );
    }));

  it('with any byte changed is refused by a code, and no code tells what was inside', async () => {
    const text = await readFile(GOLDEN, 'utf8');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.integer({ min: 32, max: 126 }), async (at, code) => {
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        // Parameters of the derivation cost real work; what they must not be is tested below.
        fc.pre(changed !== text && parsed(changed)?.kdf?.salt === parsed(text)?.kdf?.salt);
        fc.pre(JSON.stringify(parsed(changed)) !== JSON.stringify(parsed(text)));
        const error = await decodeKey('x', changed, LOCK, SUBJECT).then(
          () => assert.fail(`opened: ${changed}`),
          (thrown: unknown) => thrown,
        );
        assert.match(codeOf(error) ?? 'none', /^WAGGLE_KEY_(?:DAMAGED|PASSPHRASE|KDF|SUBJECT)$/);
        assert.ok(!String(error).includes('09090909'));
      }),
      { numRuns: 150 },
    );
  });

  it('cannot make this machine work without bounds', async () => {
    const file = JSON.parse(await readFile(GOLDEN, 'utf8'));
    for (const kdf of [{ n: 2 ** 40 }, { n: 3 }, { n: 2 }, { r: 1_000 }, { p: 100 }, { n: 2 ** 20, r: 16 }]) {
      const text = JSON.stringify({ ...file, kdf: { ...file.kdf, ...kdf } });
      await assert.rejects(decodeKey('x', text, LOCK, SUBJECT), { code: 'WAGGLE_KEY_KDF' });
    }
  });

  it('is read from a file of the owner only: no link, no directory, no other mode', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'real.key');
      await saveNewKey(path, { pair: PAIR, subject: SUBJECT });
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
      await saveNewKey(next, { pair: other, subject: SUBJECT });
      // Twice: a run that was broken off after the rename, or a second one beside it.
      for (let run = 0; run < 2; run++) {
        await promoteNextKey(directory, MODEL, other.publicKey);
        assert.deepEqual((await keyFacts(current))?.publicKey, other.publicKey);
        assert.equal(await keyFacts(next), undefined);
      }
      await assert.rejects(promoteNextKey(directory, MODEL, PAIR.publicKey), { code: 'WAGGLE_KEY_MISSING' });
    }));

  it('that waits for its turn is made once, and must open', () =>
    inTemporaryDirectory(async (directory) => {
      const [one, two] = await Promise.all([
        prepareNextKey(directory, MODEL, LOCK),
        prepareNextKey(directory, MODEL, LOCK),
      ]);
      assert.equal(toHex(one.publicKey), toHex(two.publicKey));
      const again = await prepareNextKey(directory, MODEL, LOCK);
      assert.equal(toHex(again.publicKey), toHex(one.publicKey));
      await assert.rejects(prepareNextKey(directory, MODEL), { code: 'WAGGLE_KEY_LOCKED' });
      await assert.rejects(prepareNextKey(directory, MODEL, lockOf('another')), { code: 'WAGGLE_KEY_PASSPHRASE' });
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
