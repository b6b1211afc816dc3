import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS, type ErrorType } from '../../rpc/error-codes.ts';
import { ERROR_GUIDE } from '../../rpc/error-guide.ts';
import { FAILURE_CODES } from '../codes/all.ts';
import { createProgram } from '../program.ts';
import { runCli } from '../run.ts';

async function explain(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    env: {},
    color: false,
    columns: 80,
  };
  return { exit: await runCli(['explain', ...args], io), out: out.join(''), err: err.join('') };
}

test('every public error is explained by number and by type, the same', async () => {
  for (const [type, { code, meaning, hint }] of Object.entries(ERRORS)) {
    const byType = await explain(type);
    assert.equal(byType.exit, 0, type);
    assert.deepEqual(await explain(String(code)), byType);
    for (const text of [meaning, hint, ERROR_GUIDE[type as ErrorType].cause])
      assert.ok(byType.out.includes(text), type);
    assert.match(byType.err, /Next: npx waggle /, type);
  }
});

test('every code of commands and daemon is explained', async () => {
  for (const [code, { meaning, exit }] of FAILURE_CODES) {
    const found = await explain(code);
    assert.equal(found.exit, 0, code);
    assert.ok(found.out.includes(meaning) && found.out.includes(String(exit)), code);
    assert.match(found.err, /Next: npx waggle /, code);
  }
});

test('-o json has the table, the guide and a typical error object', async () => {
  const { out } = await explain('ballot.not-operated', '-o', 'json');
  const { example, ...rest } = JSON.parse(out);
  assert.deepEqual(Object.keys(rest), ['type', 'code', 'meaning', 'cause', 'hint', 'command', 'retryable']);
  assert.equal(example.code, 4018);
  assert.equal(example.data.operator, 'node2');
  const daemon = JSON.parse((await explain('WAGGLE_HOME_LOCKED', '-o', 'json')).out);
  assert.deepEqual([daemon.code, daemon.exit, daemon.retryable], ['WAGGLE_HOME_LOCKED', 75, true]);
});

for (const [written, meant] of [
  ['ballot.clsed', 'ballot.closed'],
  ['Ballot.Closd', 'ballot.closed'],
  ['closed', 'session.closed'],
  ['-3260', '-32602'],
  ['WAGGLE_HOME_LOCKD', 'WAGGLE_HOME_LOCKED'],
  ['waggle_home_lockd', 'WAGGLE_HOME_LOCKED'],
] as const) {
  test(`${written} is not known, and near to something`, async () => {
    const { exit, out, err } = await explain(written);
    assert.equal(exit, 64);
    assert.equal(out, '');
    assert.match(err, new RegExp(`did you mean ${meant.slice(0, 5)}`));
  });
}

test('codes are found in any case, with a minus of any kind, and by what the client calls them', async () => {
  assert.match((await explain('BALLOT.CLOSED')).out, /^4001 ballot.closed/);
  assert.match((await explain('−32602')).out, /^-32602 params.invalid/);
  assert.match((await explain('waggle_home_locked')).out, /^WAGGLE_HOME_LOCKED/);
  assert.match((await explain('client.undecided')).out, /^WAGGLE_CLIENT_UNDECIDED/);
  assert.match((await explain('WAGGLE_CODEC_SHORT')).out, /^WAGGLE_CODEC_SHORT/);
});

test('what resembles nothing is refused without a guess, on one line', async () => {
  const { exit, err } = await explain(`x\n\u001b[31m${'y'.repeat(500)}`);
  assert.equal(exit, 64);
  assert.doesNotMatch(err, /did you mean/);
  assert.equal(err.trimEnd().split('\n').length, 2);
  assert.ok(!err.includes('\u001b'));
});

/** The commands of a text, by their words before the first argument or option. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/waggle ([a-z]+(?: [a-z]+)*)/g)].map(([, words = '']) => words);
}

test('every command that an explanation names is one', () => {
  const io = { out: () => undefined, err: () => undefined, env: {}, color: false, columns: 80 };
  const program = createProgram({ io, result: { exit: 0 }, version: '0' });
  const isCommand = (words: string): boolean => {
    const [name = '', sub] = words.split(' ');
    const found = program.commands.find((one) => one.name() === name);
    if (name === 'testnet') return true;
    return found !== undefined && (found.commands.length === 0 || found.commands.some((one) => one.name() === sub));
  };
  const guides = Object.values(ERROR_GUIDE).flatMap(({ command = '' }) => commandsIn(command));
  const codes = [...FAILURE_CODES.values()].flatMap(({ next }) => commandsIn(next));
  assert.ok(guides.length > 40 && codes.length > 20);
  assert.deepEqual(
    [...guides, ...codes].filter((words) => !isCommand(words)),
    [],
  );
});
