import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { EXIT } from '../exit-codes.ts';
import { type Daemon, runIn, sessionFile, withDaemon, writeJson } from './daemon.ts';

/** A command line that fails, its exit code, what it says and what it has typed next. */
type Case = readonly [line: string, exit: number, says: RegExp, next: RegExp];

const HEX = '5f'.repeat(32);

/** Every class of failure of sysexits (interface.md, Exit codes) that a command line alone can bring about. */
const CASES: readonly Case[] = [
  ['sesion list', EXIT.usage, /unknown command 'sesion' \(Did you mean session\?\)/, /^npx waggle session list$/],
  ['session lst', EXIT.usage, /unknown command 'lst'/, /^npx waggle session list$/],
  ['session list --spac main', EXIT.usage, /unknown option '--spac'/, /^npx waggle session list --space main$/],
  ['session list --status actve', EXIT.usage, /one of draft, active/, /^npx waggle session list --status active$/],
  [
    'session show',
    EXIT.usage,
    /missing required argument 'session'/,
    /waggle session show --help, .* session show lunch$/,
  ],
  ['session cancel lunch', EXIT.usage, /--reason/, /waggle session cancel --help/],
  ['session show lunch supper', EXIT.usage, /too many arguments/, /session show --help/],
  ['session extend lunch --closes-at noon --reason r', EXIT.usage, /a time in UTC/, /session extend --help/],
  ['session list --limit 0', EXIT.usage, /a whole number 1…1000/, /session list --help/],
  ['vote lunch pizza 11 --as m0', EXIT.usage, /a weight 1…10/, /waggle vote --help/],
  ['vote lunch pizza rejct --as m0', EXIT.usage, /Did you mean reject\?/, /waggle vote --help/],
  ['tally lunch -o jsn', EXIT.usage, /Did you mean json\?/, /^npx waggle tally lunch -o json$/],
  ['tally näh', EXIT.usage, /is no id/, /tally --help/],
  ['ballot get 5f5f', EXIT.usage, /64 digits of hex/, /ballot get --help/],
  ['proposal add supper', EXIT.usage, /--title/, /proposal add --help/],
  ['model update m0', EXIT.usage, /nothing to change/, /model update --help/],
  [`model update m0 --key ${HEX} --revoke-key`, EXIT.usage, /cannot be used with/, /model update --help/],
  ['completion tcsh', EXIT.usage, /one of bash, zsh, fish/, /completion/],
  ['explain 4999', EXIT.usage, /no error has the code/, /waggle explain/],
  ['tally lunch --rpc nowhere', EXIT.usage, /is no URL/, /tally --help/],
  ['testnet pause', EXIT.usage, /missing required argument 'node'/, /testnet pause --help, .*testnet pause node3$/],
  ['tally lnch', EXIT.data, /no session 'lnch' in space main \(Did you mean lunch\?\)/, /^npx waggle tally lunch$/],
  [
    'tally lunch --space mian',
    EXIT.data,
    /no space 'mian' \(Did you mean main\?\)/,
    /^npx waggle tally lunch --space main$/,
  ],
  ['tally far-away', EXIT.data, /it is in space kitchen/, /session show far-away --space kitchen/],
  ['vote lunch piza 7 --as m0', EXIT.data, /no proposal 'piza'/, /^npx waggle vote lunch pizza 7 --as m0$/],
  ['vote lunch pizza 7 --as m00', EXIT.data, /no model 'm00'/, /--as m0$/],
  ['vote lunch pizza 7 --as m3', EXIT.data, /m3 is not in the electorate/, /^npx waggle session show lunch /],
  ['vote lunch pizza 7 --as far', EXIT.data, /node2 does/, /node2/],
  ['model show m00', EXIT.data, /no model 'm00' \(Did you mean m0\?\)/, /^npx waggle model show m0$/],
  ['model register m0 --label Another', EXIT.data, /./, /waggle/],
  ['proposal show lunch piza', EXIT.data, /Did you mean pizza\?/, /^npx waggle proposal show lunch pizza$/],
  [`ballot get ${HEX}`, EXIT.data, /no such ballot/, /^npx waggle /],
  ['chain block 999', EXIT.data, /no such block/, /waggle/],
  ['session activate lunch', EXIT.data, /no draft/, /^npx waggle session show lunch /],
  ['session open broken.yaml', EXIT.data, /broken\.yaml: /, /mend the file/],
  ['session open list.yaml', EXIT.data, /an object is needed/, /mend the file/],
  ['session open absent.yaml', EXIT.noInput, /absent\.yaml does not exist/, /a JSON or YAML file/],
  ['session open folder', EXIT.noInput, /folder is a directory: a file is needed/, /a JSON or YAML file/],
  ['testnet replay broken.yaml', EXIT.noInput, /is a file: a folder is needed/, /the folder of one session/],
  ['tally lunch --token-file absent', EXIT.noInput, /absent/, /--token-file/],
  ['tally lunch --rpc http://127.0.0.1:1', EXIT.unreachable, /no daemon answers/, /waggle start/],
  ['vote lunch pizza 7 --as m0 --rpc http://127.0.0.1:1', EXIT.unreachable, /no daemon answers/, /waggle start/],
  ['tally lunch --dir folder', EXIT.unreachable, /no testnet in/, /^npx waggle testnet up --detach --dir folder$/],
  ['testnet down --dir folder', EXIT.unreachable, /no testnet in/, /^npx waggle testnet up --detach --dir \S+folder$/],
  ['tally lunch --home folder', EXIT.unreachable, /is no home/, /^npx waggle init --home folder$/],
  ['wait --ready --timeout 1 --rpc http://127.0.0.1:1', EXIT.unreachable, /not ready after 1 s/, /waggle status/],
  ['space create kitchen2 --title K --token-file wrong', EXIT.permission, /unauthenticated/, /waggle status/],
  ['start --home folder', EXIT.configuration, /genesis/, /waggle init/],
];

async function prepare({ rig, directory, run }: Daemon): Promise<void> {
  await mkdir('folder');
  await writeFile('broken.yaml', 'a: [');
  await writeFile('list.yaml', '- a');
  await writeFile('wrong', 'a token that is none');
  await writeJson(
    directory,
    'lunch.yaml',
    sessionFile('lunch', { electorate: ['m0', 'm1', 'far'].map((voter) => ({ voter })) }),
  );
  await writeJson(directory, 'away.yaml', sessionFile('far-away', { space: 'kitchen' }));
  assert.equal((await run('space', 'create', 'kitchen', '--title', 'Kitchen')).exit, 0);
  for (const file of ['lunch.yaml', 'away.yaml']) assert.equal((await run('session', 'open', file)).exit, 0);
  rig.api.submitted.length = 0;
}

const words = (line: string) => line.split(' ');

test('every failure has its exit code, one line that says why on stderr, and what to type next', async (t) => {
  await withDaemon(t, async (daemon) => {
    await prepare(daemon);
    for (const [line, exit, says, next] of CASES) {
      const ran = await daemon.run(...words(line));
      assert.equal(ran.exit, exit, `waggle ${line}: ${ran.err}`);
      assert.equal(ran.out, '', line);
      const [first = '', second = '', ...more] = ran.err.trimEnd().split('\n');
      assert.match(first, /^waggle: \S/, line);
      assert.match(first, says, line);
      assert.match(second, /^Next: \S/, line);
      assert.match(second.slice('Next: '.length), next, line);
      assert.deepEqual(more, [], line);
      assert.doesNotMatch(
        ran.err,
        /\b(?:session|ballot|proposal|model|space|node|chain)_[a-z]+|data\.|rpc\.discover/,
        line,
      );
    }
  });
});

test('what is not final in time is exit 75, says why and how to learn what became of it', async (t) => {
  await withDaemon(t, async (daemon) => {
    await prepare(daemon);
    daemon.rig.api.isStuck = true;
    daemon.rig.api.statusChange = { ready: false, notReadyReason: 'no quorum: 2 of 4 validators are reachable' };
    await writeJson(daemon.directory, 'ballot.yaml', {
      session: 'lunch',
      voter: 'm0',
      entries: [{ proposal: 'pizza', choice: 7 }],
    });
    const { exit, err } = await daemon.run('ballot', 'submit', 'ballot.yaml');
    assert.equal(exit, EXIT.tryAgain);
    assert.match(err, /^waggle: not final yet: no quorum: 2 of 4 .*; it stays submitted as [0-9a-f]{12}…\n/);
    assert.match(err, /Next: npx waggle status --cluster, and when .*: npx waggle ballot get [0-9a-f]{64}/);
  });
});

test('a daemon that is not ready, and one whose disk failed, have exit codes of their own', async (t) => {
  await withDaemon(t, async ({ rig, run }) => {
    rig.api.statusChange = { ready: false, notReadyReason: 'syncing' };
    const status = await run('status');
    assert.equal(status.exit, EXIT.tryAgain);
    assert.match(status.out, /not ready: syncing/);
    rig.api.statusChange = { writable: false };
    assert.equal((await run('space', 'create', 'attic', '--title', 'Attic')).exit, EXIT.disk);
  });
});

test('without a home, a testnet or a daemon the first command says how to get one', async () => {
  const env = { WAGGLE_HOME: '', WAGGLE_TESTNET: '/nonexistent/net', XDG_DATA_HOME: '/nonexistent/data' };
  const { exit, err } = await runIn(env, ['tally', 'lunch']);
  assert.equal(exit, EXIT.unreachable);
  assert.match(err, /Next: npm start/);
});
