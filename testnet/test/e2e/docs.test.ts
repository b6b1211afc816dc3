import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { test } from 'node:test';
import { readTestnetFile } from '../../../node/cli/testnet-file.ts';
import { commandsOf, type DocCommand, filesOf, isAsShown } from './doc-commands.ts';
import { inFolder } from './harness.ts';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const COMMAND_MS = 40_000;

/** Pages whose commands are held elsewhere, and where. */
const OTHER_PAGES = new Map([['docs/cli.md', 'its examples run in node/cli/test/examples.test.ts']]);

/** Commands that are not run here, and why. One that no page has any more fails the test. */
const NOT_RUN = new Map([
  ['npm ci && npm start', 'installs into the checkout; .ci/run does it in a fresh clone, npm run smoke judges it'],
  ['npm ci && npm test', 'installs into the checkout and runs this test again; .ci/run does it in a fresh clone'],
]);

/** Commands that a page shows failing, with their exit code. */
const FAILING = new Map([
  ['npx waggle vote lunch pizza 5 --as operator-2', 65],
  ['npx waggle tally lnch', 65],
]);

async function pages(): Promise<{ name: string; text: string }[]> {
  const docs = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md')).sort();
  // The guide makes the network that the other pages use.
  const names = ['docs/GUIDE.md', 'README.md', ...docs.map((name) => `docs/${name}`)];
  return await Promise.all(
    [...new Set(names)].map(async (name) => ({ name, text: await readFile(join(ROOT, name), 'utf8') })),
  );
}

/** A folder with an `npx` that runs the command of this checkout, and an environment in which nothing else is found. */
async function shellIn(folder: string) {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const main = join(ROOT, 'bin', 'waggle.mjs');
  const npx = `#!/bin/sh\n[ "$1" = waggle ] || exit 127\nshift\nexec '${process.execPath}' '${main}' "$@"\n`;
  await writeFile(join(bin, 'npx'), npx);
  await chmod(join(bin, 'npx'), 0o755);
  const net = join(folder, 'net');
  const own = { HOME: folder, WAGGLE_TESTNET: net, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const env = {
    ...process.env,
    NODE_TEST_CONTEXT: undefined,
    XDG_DATA_HOME: undefined,
    WAGGLE_HOME: undefined,
    ...own,
  };
  const port = async () => new URL((await readTestnetFile(net))?.nodes[0]?.rpc ?? 'http://none:1').port;
  return async ({ text }: DocCommand) => {
    const line = text.replaceAll(':PORT', `:${await port()}`);
    return await new Promise<{ exit: number | null; output: string }>((done) => {
      // As on a screen: both streams in the order they were written.
      const child = spawn('bash', ['-c', `{ ${line}\n} 2>&1`], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        output += part;
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
      child.once('close', (exit) => {
        clearTimeout(timer);
        done({ exit, output });
      });
    });
  };
}

test('every command of README.md and docs runs, and prints what the page shows', async () => {
  const all = await pages();
  const commands = all.filter(({ name }) => !OTHER_PAGES.has(name)).flatMap(({ name, text }) => commandsOf(name, text));
  const known = new Set(commands.map(({ text }) => text));
  for (const text of [...NOT_RUN.keys(), ...FAILING.keys()]) assert.ok(known.has(text), `no page has: ${text}`);
  for (const name of OTHER_PAGES.keys())
    assert.ok(
      all.some((page) => page.name === name),
      name,
    );
  // The network ends when every page has been through.
  const isLast = ({ text }: DocCommand) => text.includes('testnet down');
  const order = [...commands.filter((one) => !isLast(one)), ...commands.filter(isLast)];
  await inFolder(async (folder) => {
    const run = await shellIn(folder);
    for (const { text } of all) for (const file of filesOf(text)) await writeFile(join(folder, file.name), file.text);
    for (const command of order.filter(({ text }) => !NOT_RUN.has(text))) {
      const { page, line, text, output: shown } = command;
      const { exit, output } = await run(command);
      assert.equal(exit, FAILING.get(text) ?? 0, `${page}:${line} ${text}\n${output}`);
      if (shown === undefined) assert.doesNotMatch(output, /\n\s+at .+:\d+/, text);
      else
        assert.ok(isAsShown(shown, output), `${page}:${line} ${text}\nshows\n${shown.join('\n')}\nprinted\n${output}`);
    }
  });
});

test('a page that shows another output fails', () => {
  const page = '```console\n$ npx waggle x   # a remark\nfirst …\n…\nlast\n$ y\n```\n\n```sh\nz \\\n  --more\n```\n';
  const [x, y, z] = commandsOf('p', page);
  assert.deepEqual([x?.text, x?.line, y?.text, y?.output, z?.text], ['npx waggle x', 2, 'y', undefined, 'z    --more']);
  const shown = x?.output ?? [];
  assert.ok(isAsShown(shown, 'first line\na\nb\nlast\n'));
  assert.ok(isAsShown(shown, 'first line\nlast\n'));
  assert.ok(!isAsShown(shown, 'another line\nlast\n'));
  assert.ok(!isAsShown(shown, 'first line\nlast\nand more\n'));
});
