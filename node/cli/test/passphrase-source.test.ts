import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { WaggleError } from '../../../protocol/errors.ts';
import { inTemporaryDirectory } from '../../test/temporary-directory.ts';
import { readPassphraseFd, readPassphraseFile } from '../passphrase-source.ts';

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

function refusedWith(reason: RegExp): (error: WaggleError) => boolean {
  return (error) => {
    assert.equal(error.code, 'WAGGLE_CLI_PASSPHRASE');
    assert.match(String(error.facts.reason), reason);
    return true;
  };
}

async function secretFile(directory: string, content: string): Promise<string> {
  const path = join(directory, 'passphrase');
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

/** Of coreutils. */
const MAKE_PIPE = 'mkfifo';

function namedPipe(directory: string): string {
  const path = join(directory, 'pipe');
  assert.equal(spawnSync(MAKE_PIPE, ['-m', '600', path]).status, 0);
  return path;
}

describe('a passphrase', () => {
  it('of a file is its content without the last line break', () =>
    inTemporaryDirectory(async (directory) => {
      const path = await secretFile(directory, 'open sesame\r\n');
      assert.equal(textOf(await readPassphraseFile(path)), 'open sesame');
      await symlink(path, join(directory, 'link'));
      assert.equal(textOf(await readPassphraseFile(join(directory, 'link'))), 'open sesame');
    }));

  it('is never empty, and never longer than what is read of it', () =>
    inTemporaryDirectory(async (directory) => {
      for (const [content, reason] of [
        ['', /is empty/],
        ['\n', /is empty/],
        ['x'.repeat(1_025), /more than 1024/],
      ] as const) {
        const path = await secretFile(directory, content);
        await assert.rejects(readPassphraseFile(path), refusedWith(reason));
        const fd = openSync(path, 'r');
        await assert.rejects(readPassphraseFd(fd), refusedWith(reason));
        closeSync(fd);
      }
    }));

  it('file that is a directory, a pipe nobody writes or readable by others is refused at once', () =>
    inTemporaryDirectory(async (directory) => {
      await mkdir(join(directory, 'folder'));
      await assert.rejects(readPassphraseFile(join(directory, 'folder')), refusedWith(/is a directory/));
      await assert.rejects(readPassphraseFile(namedPipe(directory)), refusedWith(/--passphrase-fd/));
      const path = await secretFile(directory, 'open sesame');
      await chmod(path, 0o640);
      await assert.rejects(readPassphraseFile(path), { code: 'WAGGLE_KEY_MODE' });
      await assert.rejects(readPassphraseFile(join(directory, 'none')), { code: 'WAGGLE_CLI_NO_INPUT' });
    }));

  it('of a descriptor is read from where it stands, and the descriptor stays open', () =>
    inTemporaryDirectory(async (directory) => {
      const fd = openSync(await secretFile(directory, 'open sesame\n'), 'r');
      assert.equal(textOf(await readPassphraseFd(fd)), 'open sesame');
      await assert.rejects(readPassphraseFd(fd), refusedWith(/is empty/));
      closeSync(fd);
      await assert.rejects(readPassphraseFd(fd), refusedWith(/is not open/));
    }));

  it('of a descriptor that is a device or only for writing is refused', () =>
    inTemporaryDirectory(async (directory) => {
      const device = openSync('/dev/null', 'r');
      await assert.rejects(readPassphraseFd(device), refusedWith(/no pipe and no file/));
      closeSync(device);
      const writing = openSync(await secretFile(directory, 'x'), 'w');
      await assert.rejects(readPassphraseFd(writing), refusedWith(/cannot be read/));
      closeSync(writing);
    }));

  it('of a pipe that never ends is given up', () =>
    inTemporaryDirectory(async (directory) => {
      // Both ends in one descriptor: what is written is there, and the end never comes.
      const fd = openSync(namedPipe(directory), constants.O_RDWR | constants.O_NONBLOCK);
      writeSync(fd, 'open sesame\n');
      await assert.rejects(readPassphraseFd(fd, 1), refusedWith(/did not end/));
    }));

  it('of a pipe whose other end this process holds is refused, as a number of the runtime is', () =>
    inTemporaryDirectory(async (directory) => {
      const path = namedPipe(directory);
      const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      await assert.rejects(readPassphraseFd(reading), refusedWith(/no pipe and no file/));
      closeSync(reading);
      closeSync(writing);
    }));
});
