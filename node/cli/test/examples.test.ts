import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { examplesOf } from '../examples.ts';
import { fullProgram } from '../run.ts';
import { type Daemon, sessionFile, withDaemon, writeJson } from './daemon.ts';

const IO = { out: () => undefined, err: () => undefined, env: {}, color: false, columns: 80 };

/** Every command that does something, by its path. */
function leaves(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')];
  return command.commands.flatMap((one) => leaves(one, [...path, one.name()]));
}

test('every command has one to three examples, which its parser takes, and no example is of no command', async () => {
  const program = await fullProgram({ io: IO, result: { exit: 0 }, version: '0' }, true);
  for (const path of leaves(program)) {
    const help = path
      .split(' ')
      .reduce<Command>((at, name) => at.commands.find((one) => one.name() === name) ?? at, program);
    let text = '';
    help.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
    help.outputHelp();
    const shown = text.split('\n').filter((line) => line.startsWith('  ') && / waggle |^ {2}waggle /.test(line));
    assert.ok(shown.length >= 1 && shown.length <= 3, `${path}: ${shown.length} examples`);
    for (const line of text.split('\n')) assert.ok(line.length <= 100, `${path}: ${line}`);
  }
});

/** What changes most comes last, and a draft is filled before it is opened. */
const ORDER = [
  'model register',
  'model update',
  'session open',
  'proposal add',
  'session activate',
  'vote',
  'ballot submit',
  'ballot list',
  'ballot get',
  'tally',
  'session list',
  'session show',
  'proposal list',
  'proposal show',
  'space create',
  'space list',
  'space show',
  'model list',
  'model show',
  'agent status',
  'agent history',
  'agent findings',
  'genesis',
  'chain head',
  'chain block',
  'chain segment',
  'chain chains',
  'chain checkpoint',
  'chain epochs',
  'status',
  'wait',
  'explain',
  'completion',
  'session extend',
  'session close',
  'session cancel',
];

/** Words of a line as a shell would split it; a redirection and what follows are left out. */
function words(line: string): string[] {
  const found = line.replace(/ < \S+$/, '').match(/'[^']*'|\S+/g) ?? [];
  return found.map((word) => word.replace(/^'(.*)'$/, '$1'));
}

async function prepare({ rig, directory, run }: Daemon): Promise<void> {
  const electorate = ['operator-1', 'operator-2', 'operator-3'].map((voter) => ({ voter }));
  const models = electorate.map(({ voter: id }) => ({ id, auth: 'operator' }));
  await writeJson(directory, 'models.yaml', { models: [{ id: 'basil-2' }, { id: 'clover-pro' }] });
  await writeJson(directory, 'operators.yaml', { models });
  await writeJson(directory, 'lunch.yaml', sessionFile('lunch', { electorate }));
  await writeJson(directory, 'more.yaml', { proposals: [{ id: 'tea', title: 'Tea' }] });
  await writeJson(directory, 'supper.yaml', sessionFile('supper', { electorate, draft: true, proposals: [] }));
  const rule = { method: 'score', threshold: null, close: 'deadline' };
  const closesAt = new Date(rig.api.nowMs + 60_000).toISOString();
  await writeJson(directory, 'dinner.yaml', sessionFile('dinner', { electorate, rule, closesAt }));
  const entries = [{ proposal: 'pizza', choice: 8 }];
  await writeJson(directory, 'ballot.yaml', { session: 'lunch', voter: 'operator-3', entries });
  assert.equal((await run('model', 'register', '--file', 'operators.yaml')).exit, 0);
  assert.equal((await run('session', 'open', 'dinner.yaml')).exit, 0);
}

test('the examples of commands that ask a daemon do what they say', async (t) => {
  await withDaemon(t, async (daemon) => {
    await prepare(daemon);
    for (const path of ORDER) {
      for (const line of examplesOf(path)) {
        if (/ - < /.test(line) || line.includes('--cluster')) continue;
        const listed = JSON.parse((await daemon.run('ballot', 'list', 'lunch', '-o', 'json')).out || '{"items":[]}');
        const known = new Map<string, string>([
          ['BALLOT', listed.items?.[0]?.ballot ?? ''],
          ['SEGMENT', Buffer.from(daemon.rig.api.lastSegment).toString('hex')],
        ]);
        const { exit, out, err } = await daemon.run(...words(line).map((word) => known.get(word) ?? word));
        assert.equal(exit, 0, `waggle ${line}: exit ${exit}\n${err}`);
        assert.notEqual(out, '', line);
        if (/-o (?:json|ndjson)/.test(line)) for (const one of out.trimEnd().split('\n')) JSON.parse(one);
        else assert.match(err, /\nNext: \S/, line);
      }
    }
  });
});
