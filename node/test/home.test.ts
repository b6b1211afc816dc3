import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { homeDirectory, homePaths, prepareHome } from '../storage/home.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

describe('home', () => {
  it('is made with directories for the owner only', () =>
    inTemporaryDirectory(async (directory) => {
      const home = await prepareHome(join(directory, 'deep', 'home'));
      for (const path of [home.directory, home.keys, home.modelKeys, home.journal, home.ledger, home.tokens]) {
        assert.equal((await stat(path)).mode & 0o777, 0o700, path);
      }
      assert.equal((await stat(home.lock)).mode & 0o777, 0o600);
      await home.release();
      assert.deepEqual((await readdir(home.directory)).sort(), ['journal', 'keys', 'ledger', 'tokens']);
      await (await prepareHome(home.directory)).release();
    }));

  it('keeps keys, journal and ledger apart', () => {
    const paths = homePaths('/srv/waggle');
    assert.equal(paths.validatorKey, '/srv/waggle/keys/validator.key');
    assert.equal(paths.nodeKey, '/srv/waggle/keys/node.key');
    assert.equal(paths.modelKeys, '/srv/waggle/keys/models');
    assert.equal(paths.journal, '/srv/waggle/journal');
    assert.equal(paths.ledger, '/srv/waggle/ledger');
  });

  it('is refused when keys can be read by others', () =>
    inTemporaryDirectory(async (directory) => {
      await (await prepareHome(directory)).release();
      await chmod(join(directory, 'keys'), 0o750);
      await assert.rejects(prepareHome(directory), { code: 'WAGGLE_KEY_MODE' });
      await chmod(join(directory, 'keys'), 0o700);
      await (await prepareHome(directory)).release();
    }));

  it('is refused when a key of a model can be read by others or is a link, and a folder may be elsewhere', () =>
    inTemporaryDirectory(async (directory) => {
      const home = await prepareHome(join(directory, 'home'));
      await home.release();
      for (const path of [home.modelKeys, home.tokens]) {
        await chmod(path, 0o711);
        await assert.rejects(prepareHome(home.directory), { code: 'WAGGLE_KEY_MODE' });
        await chmod(path, 0o700);
      }
      for (const name of ['m.key', 'm.key.next', 'm.key.old', '.0.new']) {
        const path = join(home.modelKeys, name);
        await writeFile(path, '', { mode: 0o640 });
        await assert.rejects(prepareHome(home.directory), { code: 'WAGGLE_KEY_MODE' }, name);
        await rm(path);
      }
      await symlink('/etc/passwd', join(home.modelKeys, 'm.key'));
      await assert.rejects(prepareHome(home.directory), { code: 'WAGGLE_KEY_LINK' });
      await rm(join(home.modelKeys, 'm.key'));
      await rename(home.keys, join(directory, 'elsewhere'));
      await symlink(join(directory, 'elsewhere'), home.keys);
      await (await prepareHome(home.directory)).release();
      await chmod(join(directory, 'elsewhere', 'models'), 0o750);
      await assert.rejects(prepareHome(home.directory), { code: 'WAGGLE_KEY_MODE' });
    }));

  it('is refused where it cannot be', () =>
    inTemporaryDirectory(async (directory) => {
      await writeFile(join(directory, 'file'), '');
      await assert.rejects(prepareHome(join(directory, 'file')), { code: 'WAGGLE_HOME_UNWRITABLE' });
      await assert.rejects(prepareHome(join(directory, 'file', 'below')), { code: 'WAGGLE_HOME_UNWRITABLE' });
      await mkdir(join(directory, 'home'));
      await writeFile(join(directory, 'home', 'journal'), '');
      await assert.rejects(prepareHome(join(directory, 'home')), { code: 'WAGGLE_HOME_UNWRITABLE' });
    }));

  it('is where the flag, the variable or XDG says, in this order', () => {
    const env = { WAGGLE_HOME: '/w', XDG_DATA_HOME: '/x', HOME: '/h' };
    assert.equal(homeDirectory('/f', env), '/f');
    assert.equal(homeDirectory(undefined, env), '/w');
    assert.equal(homeDirectory(undefined, { ...env, WAGGLE_HOME: '' }), '/x/waggle');
    assert.equal(homeDirectory(undefined, { XDG_DATA_HOME: 'relative', HOME: '/h' }), '/h/.local/share/waggle');
    assert.throws(() => homeDirectory(undefined, {}), { code: 'WAGGLE_HOME_UNKNOWN' });
  });

  it('does not give up a lock that is no longer its own', () =>
    inTemporaryDirectory(async (directory) => {
      const home = await prepareHome(directory);
      await writeFile(home.lock, '{"pid":1}');
      await home.release();
      assert.equal(await readFile(home.lock, 'utf8'), '{"pid":1}');
    }));
});
