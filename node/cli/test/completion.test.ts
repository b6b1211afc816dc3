import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { completionScript } from '../completion/scripts.ts';
import { type Daemon, runIn, sessionFile, withDaemon, writeJson } from './daemon.ts';

async function prepare({ directory, run }: Daemon): Promise<void> {
  await writeJson(directory, 'lunch.yaml', sessionFile('lunch'));
  await writeJson(directory, 'supper.yaml', sessionFile('supper', { draft: true }));
  for (const file of ['lunch.yaml', 'supper.yaml']) assert.equal((await run('session', 'open', file)).exit, 0);
}

/** Values offered at the last word. */
async function offered({ run }: Pick<Daemon, 'run'>, ...words: string[]): Promise<string[]> {
  const { exit, out, err } = await run('__complete', 'zsh', '--', ...words);
  assert.equal(exit, 0);
  assert.equal(err, '');
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '');
}

test('commands, options and words are offered as they may come next', async (t) => {
  await withDaemon(t, async (daemon) => {
    assert.deepEqual(await offered(daemon, 'sess'), ['session']);
    assert.ok((await offered(daemon, 'session', '')).includes('activate'));
    assert.deepEqual(await offered(daemon, 'testnet', 'pau'), ['pause']);
    assert.deepEqual(await offered(daemon, 'session', 'list', '--stat'), ['--status']);
    assert.deepEqual(await offered(daemon, 'session', 'list', '--status', 'c'), ['completed', 'cancelled']);
    assert.deepEqual(await offered(daemon, 'session', 'list', '--status=c'), [
      '--status=completed',
      '--status=cancelled',
    ]);
    assert.deepEqual(await offered(daemon, 'tally', 'lunch', '-o', 'j'), ['json']);
    assert.deepEqual(await offered(daemon, 'completion', 'f'), ['fish']);
    assert.ok(!(await offered(daemon, 'session', 'list', '--status', 'active', '--')).includes('--status'));
    assert.deepEqual(await offered(daemon, 'session', 'open', ''), [':files']);
    assert.deepEqual(await offered(daemon, 'testnet', 'up', '--dir', ''), [':dirs']);
    assert.deepEqual(await offered(daemon, 'vote', 'lunch', 'pizza', 'a'), ['approve', 'abstain']);
  });
});

test('sessions, proposals, voters, spaces and models are asked from the daemon', async (t) => {
  await withDaemon(t, async (daemon) => {
    await prepare(daemon);
    assert.deepEqual(await offered(daemon, 'tally', ''), ['lunch', 'supper']);
    assert.deepEqual(await offered(daemon, 'vote', ''), ['lunch']);
    assert.deepEqual(await offered(daemon, 'session', 'activate', ''), ['supper']);
    assert.deepEqual(await offered(daemon, 'vote', 'lunch', ''), ['pizza', 'soup']);
    assert.deepEqual(await offered(daemon, 'vote', 'lunch', 'pizza', '7', '--as', ''), ['m0', 'm1', 'm2']);
    assert.deepEqual(await offered(daemon, 'tally', 'lunch', '--space', 'm'), ['main']);
    assert.deepEqual(await offered(daemon, 'model', 'show', 'fa'), ['far']);
    const { out } = await daemon.run('__complete', 'fish', '--', 'tally', 'lu');
    assert.equal(out, 'lunch\tactive: What shall we eat\n');
  });
});

test('names of nodes come from the file of the testnet', async (t) => {
  await withDaemon(t, async ({ directory }) => {
    const node = {
      name: 'node1',
      home: '/h',
      rpc: 'http://127.0.0.1:1',
      p2p: 'p',
      metrics: 'm',
      pid: null,
      token: '/t',
    };
    const nodes = [node, { ...node, name: 'node2' }];
    await writeFile(join(directory, 'testnet.json'), JSON.stringify({ chain: 'c', genesis: 'g', nodes }));
    const run = (...args: string[]) => runIn({ WAGGLE_TESTNET: directory }, args);
    assert.deepEqual(await offered({ run }, 'testnet', 'kill', ''), ['node1', 'node2']);
    assert.deepEqual(await offered({ run }, 'tally', 'x', '--node', 'node2'), ['node2']);
  });
});

test('without a daemon, or for words that are none, nothing is offered and nothing is said', async () => {
  const run = (...args: string[]) => runIn({ WAGGLE_RPC: 'http://127.0.0.1:1' }, args);
  assert.deepEqual(await offered({ run }, 'tally', ''), []);
  assert.deepEqual(await offered({ run }, 'nonsense', '--what', 'x', ''), []);
  assert.deepEqual(await offered({ run }), await offered({ run }, ''));
});

/** What a real shell makes of `waggle …` at a Tab. Each has its own words for it. */
const BASH = `
source "$1"; shift
COMP_WORDS=(waggle "$@"); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
_waggle
printf '%s\\n' "\${COMPREPLY[@]}"
`;

const isInstalled = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

test('bash completes commands, live names and values behind "="', {
  skip: !isInstalled('bash') && 'no bash here',
}, async (t) => {
  await withDaemon(t, async (daemon) => {
    await prepare(daemon);
    const script = join(daemon.directory, 'waggle.bash');
    await writeFile(script, completionScript('bash'));
    const bash = async (...words: string[]) => {
      const env = { ...process.env, WAGGLE_RPC: daemon.rig.url, NODE_TEST_CONTEXT: undefined };
      const { stdout, stderr } = await promisify(execFile)('bash', ['-c', BASH, 'bash', script, ...words], { env });
      assert.equal(stderr, '');
      return stdout.trim().split('\n');
    };
    assert.deepEqual(await bash('tal'), ['tally']);
    assert.deepEqual(await bash('tally', 'lu'), ['lunch']);
    assert.deepEqual(await bash('session', 'list', '--status', '=', 'dr'), ['draft']);
  });
});

test('bash registers the function for waggle, and for npx where nothing else has it', {
  skip: !isInstalled('bash') && 'no bash here',
}, () => {
  const lines = `${completionScript('bash')}\ncomplete -p waggle npx`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', lines], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.match(stdout, /-F _waggle waggle\n.*-F _waggle_npx npx/);
});

/** zsh has its completion only in a terminal: what would be shown is printed instead. */
const ZSH = `
_describe() { print -l -- "\${found[@]}" }
source "$1"; shift
words=(waggle "$@"); CURRENT=$(( $#words ))
_waggle
`;
const FISH = `
source $argv[1]
complete -C "$argv[2..-1]"
`;

for (const [shell, args, separator] of [
  ['zsh', ['-f', '-c', ZSH, 'zsh'], ':'],
  ['fish', ['--no-config', '-c', FISH], '\t'],
] as const) {
  test(`${shell} completes commands, live names and values`, {
    skip: !isInstalled(shell) && `no ${shell} here`,
  }, async (t) => {
    await withDaemon(t, async (daemon) => {
      await prepare(daemon);
      const script = join(daemon.directory, `waggle.${shell}`);
      await writeFile(script, completionScript(shell));
      const complete = async (...words: string[]) => {
        const env = { ...process.env, WAGGLE_RPC: daemon.rig.url, NODE_TEST_CONTEXT: undefined };
        const typed = shell === 'fish' ? [`waggle ${words.join(' ')}`] : words;
        const { stdout, stderr } = await promisify(execFile)(shell, [...args, script, ...typed], { env });
        assert.equal(stderr, '');
        return stdout.trim().split('\n');
      };
      assert.deepEqual(await complete('tal'), [`tally${separator}the count of a session, exact in -o json`]);
      assert.deepEqual(await complete('tally', 'lu'), [`lunch${separator}active: What shall we eat`]);
      assert.equal((await complete('session', 'list', '--status', 'dr'))[0]?.split(separator)[0], 'draft');
    });
  });
}
