import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { genesisToJson } from '../../../protocol/genesis.ts';
import { toHex } from '../../../protocol/hex.ts';
import { parseId } from '../../../protocol/ids.ts';
import { KeyLock } from '../../storage/key-lock.ts';
import { keyFacts, modelKeyPaths, saveModelKey, saveNewKey } from '../../storage/keystore.ts';
import { GENESIS, pair } from '../../test/harness/fake-node-api.ts';
import { type Daemon, type Ran, withDaemon } from './daemon.ts';

const MODEL = parseId('v0');
const OTHER_LOCK = new KeyLock(new TextEncoder().encode('another passphrase'));

interface Home {
  readonly dir: string;
  readonly models: string;
  readonly daemon: Daemon;
  /** A command on the home, which must end so. */
  run(exit: number, ...args: string[]): Promise<Ran>;
  keyOf(path: string): Promise<string | undefined>;
}

/** An empty home beside a daemon whose registry has v0 and v1 with keys 40 and 41. */
async function withHome(t: TestContext, use: (home: Home) => Promise<void>): Promise<void> {
  await withDaemon(t, async (daemon) => {
    const dir = join(daemon.directory, 'home');
    const models = join(dir, 'keys', 'models');
    await mkdir(models, { recursive: true, mode: 0o700 });
    await use({
      dir,
      models,
      daemon,
      async run(exit, ...args) {
        const ran = await daemon.run(...args, '--home', dir);
        assert.equal(ran.exit, exit, `${args.join(' ')}: ${ran.out}${ran.err}`);
        return ran;
      },
      async keyOf(path) {
        const facts = await keyFacts(path);
        return facts && toHex(facts.publicKey);
      },
    });
  });
}

async function passphraseFile({ daemon: { directory } }: Home): Promise<string> {
  const path = join(directory, 'passphrase');
  await writeFile(path, 'open sesame', { mode: 0o600 });
  return path;
}

test('a model is named by its id: another spelling is not taken for it', (t) =>
  withHome(t, async ({ run, models }) => {
    const { err } = await run(64, 'keys', 'new', 'GPT-5', '--plain');
    assert.match(err, /model 'GPT-5' is no id.*Did you mean gpt-5\?/);
    assert.match(err, /Next: npx waggle keys new gpt-5 --plain/);
    assert.deepEqual(await readdir(models), []);
  }));

test('keys that others can read, or that are links, are not touched by any command', (t) =>
  withHome(t, async (home) => {
    await home.run(0, 'keys', 'new', 'm', '--plain');
    const file = join(home.daemon.directory, 'm.key');
    const commands = [
      ['list'],
      ['new', 'n', '--plain'],
      ['export', 'm', '--public'],
      ['import', 'n', file],
      ['rotate', 'm', '--rpc', home.daemon.rig.url],
    ];
    await saveNewKey(file, { pair: pair(9), subject: 'model/n' });
    for (const path of [join(home.dir, 'keys'), home.models]) {
      await chmod(path, 0o755);
      for (const command of commands) {
        assert.match((await home.run(77, 'keys', ...command)).err, /may be read by others \(mode 755\)\nNext: chmod/);
      }
      await chmod(path, 0o700);
    }
    await symlink(file, join(home.models, 'n.key'));
    for (const command of commands) {
      assert.match((await home.run(77, 'keys', ...command)).err, /n\.key is a symbolic link/);
    }
  }));

test('an export replaces no file unless it is told to', (t) =>
  withHome(t, async (home) => {
    const passphrase = ['--passphrase-file', await passphraseFile(home)];
    await home.run(0, 'keys', 'new', 'm', ...passphrase);
    const file = join(home.daemon.directory, 'm.key');
    await writeFile(file, 'dear diary');
    const { err } = await home.run(65, 'keys', 'export', 'm', file, ...passphrase);
    assert.match(err, /m\.key is there already\nNext: name another file, or replace it with --force/);
    assert.equal(await readFile(file, 'utf8'), 'dear diary');
    await home.run(0, 'keys', 'export', 'm', file, '--force', ...passphrase);
    const saltOf = async (path: string) => JSON.parse(await readFile(path, 'utf8')).kdf.salt;
    assert.notEqual(await saltOf(file), await saltOf(join(home.models, 'm.key')));
    assert.match(
      (await home.run(65, 'keys', 'export', 'm', 'none/x', ...passphrase)).err,
      /cannot be written \(ENOENT\)/,
    );
  }));

test('an import unseals nothing unasked, and says what it leaves unsealed', (t) =>
  withHome(t, async (home) => {
    const passphrase = ['--passphrase-file', await passphraseFile(home)];
    await home.run(0, 'keys', 'new', 'plain', '--plain');
    const [sealed, plain] = [join(home.daemon.directory, 'sealed'), join(home.daemon.directory, 'unsealed')];
    const lock = new KeyLock(new TextEncoder().encode('open sesame'));
    await saveNewKey(sealed, { pair: pair(9), subject: 'model/m', lock });
    await saveNewKey(plain, { pair: pair(8), subject: 'model/n' });
    assert.match((await home.run(64, 'keys', 'import', 'm', sealed, ...passphrase)).err, /--plain/);
    await home.run(64, 'keys', 'new', 'other', ...passphrase);
    assert.deepEqual(await readdir(home.models), ['plain.key']);
    const renamed = await home.run(78, 'keys', 'import', 'other', plain);
    assert.match(renamed.err, /holds the key of model n, not of model other\nNext: .*keys import n /);
    const taken = await home.run(0, 'keys', 'import', 'm', sealed, '--plain', ...passphrase);
    assert.match(taken.out, /key of m taken from .*, unencrypted/);
    assert.match((await home.run(0, 'keys', 'import', 'n', plain)).out, /, unencrypted/);
  }));

const rotate = ({ run, daemon }: Home, exit: number, ...more: string[]) =>
  run(exit, 'keys', 'rotate', 'v0', '--rpc', daemon.rig.url, ...more);
const registeredIn = ({ daemon }: Home) => {
  const { key } = daemon.rig.api.state().models.get('v0') ?? {};
  return key && toHex(key);
};

test('a rotation that the ledger did not take leaves the old key, and the next run takes up the same new one', (t) =>
  withHome(t, async (home) => {
    await saveModelKey(home.models, MODEL, pair(40));
    const { current, next } = modelKeyPaths(home.models, MODEL);
    home.daemon.rig.api.statusChange = { writable: false };
    await rotate(home, 74);
    const waiting = await home.keyOf(next);
    assert.ok(waiting !== undefined, 'it was on the disk before the ledger was asked');
    assert.equal(await home.keyOf(current), toHex(pair(40).publicKey));
    assert.equal(registeredIn(home), toHex(pair(40).publicKey));
    home.daemon.rig.api.statusChange = {};
    await rotate(home, 0);
    assert.equal(await home.keyOf(current), waiting);
    assert.equal(await home.keyOf(next), undefined);
    assert.equal(registeredIn(home), waiting);
  }));

test('a rotation broken off after the ledger took it is finished by the next run', (t) =>
  withHome(t, async (home) => {
    await saveModelKey(home.models, MODEL, pair(40));
    const { current, next } = modelKeyPaths(home.models, MODEL);
    await saveNewKey(next, { pair: pair(50), subject: 'model/v0' });
    const { result } = home.daemon.rig;
    await result('model_update', { id: 'v0', key: toHex(pair(50).publicKey) });
    const written = home.daemon.rig.api.submitted.length;
    await rotate(home, 0);
    assert.equal(home.daemon.rig.api.submitted.length, written, 'the ledger has it already');
    assert.equal(await home.keyOf(current), toHex(pair(50).publicKey));
    assert.equal(await home.keyOf(next), undefined);
  }));

test('a next key that does not open never gets on the ledger', (t) =>
  withHome(t, async (home) => {
    const passphrase = await passphraseFile(home);
    await saveModelKey(home.models, MODEL, pair(40));
    const { current, next } = modelKeyPaths(home.models, MODEL);
    await saveNewKey(next, { pair: pair(50), subject: 'model/v0', lock: OTHER_LOCK });
    await rotate(home, 77, '--passphrase-file', passphrase);
    await rotate(home, 78);
    await rename(next, current);
    await writeFile(next, 'half a fi', { mode: 0o600 });
    await rotate(home, 78);
    assert.deepEqual(home.daemon.rig.api.submitted, []);
  }));

test('a rotation of a key that the registry does not have is refused before anything is written', (t) =>
  withHome(t, async (home) => {
    await saveModelKey(home.models, MODEL, pair(77));
    assert.match((await rotate(home, 64)).err, /the registry has another key than this home for v0/);
    assert.deepEqual(await readdir(home.models), ['v0.key']);
  }));

test('the list of keys shows what the registry has, where the daemon of the home answers', (t) =>
  withHome(t, async (home) => {
    for (const [name, byte] of [
      ['v0', 40],
      ['v1', 77],
      ['m0', 9],
      ['nobody', 9],
    ] as const) {
      await saveModelKey(home.models, parseId(name), pair(byte));
    }
    const list = async () => JSON.parse((await home.run(0, 'keys', 'list', '-o', 'json')).out);
    assert.deepEqual(Object.keys((await list())[0]), ['name', 'kind', 'key', 'encrypted']);
    assert.match((await home.run(0, 'keys', 'list')).out, /the daemon of this home does not answer/);
    const genesis = join(home.dir, 'genesis.json');
    await writeFile(join(home.dir, 'rpc.json'), JSON.stringify({ url: home.daemon.rig.url }));
    await writeFile(genesis, JSON.stringify(genesisToJson({ ...GENESIS, network: parseId('another') })));
    assert.equal((await list())[0].registry, undefined, 'the daemon of another network knows nothing of this home');
    await writeFile(genesis, JSON.stringify(genesisToJson(GENESIS)));
    assert.deepEqual(
      (await list()).map(({ name, registry }: { name: string; registry: unknown }) => [name, registry]),
      [
        ['m0', { key: 'none', operator: 'node1' }],
        ['nobody', { key: 'unregistered' }],
        ['v0', { key: 'same', operator: 'node1' }],
        ['v1', { key: 'other', operator: 'node1' }],
      ],
    );
    await saveNewKey(modelKeyPaths(home.models, parseId('v1')).next, { pair: pair(41), subject: 'model/v1' });
    const { out } = await home.run(0, 'keys', 'list');
    assert.match(out, /v1 +model +no +its next key +node1/);
    assert.doesNotMatch(out, /does not answer/);
  }));

test('a key that is damaged or renamed is listed as such, and keeps no other from its work', (t) =>
  withHome(t, async (home) => {
    await saveModelKey(home.models, MODEL, pair(40));
    await rename(join(home.models, 'v0.key'), join(home.models, 'v1.key'));
    await writeFile(join(home.models, 'half.key'), '{"v":1', { mode: 0o600 });
    await home.run(0, 'keys', 'new', 'fine');
    const listed = JSON.parse((await home.run(78, 'keys', 'list', '-o', 'json')).out);
    assert.deepEqual(
      listed.map(({ name, fault }: { name: string; fault?: string }) => [name, fault]),
      [
        ['fine', undefined],
        ['half', 'WAGGLE_KEY_DAMAGED'],
        ['v1', 'WAGGLE_KEY_SUBJECT'],
      ],
    );
    const { out, err } = await home.run(78, 'keys', 'list');
    assert.match(out, /the key of v1 cannot be used \(WAGGLE_KEY_SUBJECT\)/);
    assert.match(err, /Next: npx waggle explain WAGGLE_KEY_DAMAGED/);
  }));
