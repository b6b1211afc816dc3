import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { inFolder, waggle } from './harness.ts';

const MAIN = resolve(import.meta.dirname, '..', '..', '..', 'node', 'main.ts');
const COMMAND = `'${process.execPath}' '${MAIN}'`;
const PASSPHRASE = 'correct-horse-battery-staple';
/** Of util-linux: runs a command in a terminal of its own. */
const TERMINAL = 'script';
const hasTerminal = spawnSync(TERMINAL, ['--version']).status === 0;
const NO_TERMINAL = { skip: !hasTerminal && 'no script(1) here, which makes terminals', timeout: 120_000 };
const END_MS = 30_000;

interface Ended {
  readonly exit: number | null;
  readonly screen: string;
}

/** Run a command line in bash, with stdin as the test has it; killed when it does not end by itself. */
async function inShell(line: string): Promise<Ended> {
  return await ended(spawn('bash', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'], timeout: END_MS }));
}

/** A command line in a terminal of its own, which types each answer when its question is shown; then what stty says. */
async function typing(args: string, answers: readonly (readonly [question: string, typed: string])[]): Promise<Ended> {
  const shell = `${COMMAND} ${args}; code=$?; stty -a; exit $code`;
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, TERM: 'xterm' };
  const child = spawn(TERMINAL, ['-qec', shell, '/dev/null'], { env, stdio: 'pipe', timeout: END_MS });
  let [shown, at] = ['', 0];
  child.stdout.on('data', (bytes: Buffer) => {
    shown += bytes.toString();
    const [question, typed] = answers[at] ?? [];
    if (question === undefined || typed === undefined || !shown.includes(question)) return;
    shown = '';
    at++;
    child.stdin.write(typed);
  });
  return await ended(child);
}

function ended(child: ReturnType<typeof spawn>): Promise<Ended> {
  let screen = '';
  const add = (bytes: Buffer): void => {
    screen += bytes.toString();
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return new Promise((done) => child.once('close', (exit) => done({ exit, screen })));
}

/** One line with what is wrong, and no word of a fault of the program. */
function refuses({ exit, screen }: Ended, expected: number, told: RegExp): void {
  assert.equal(exit, expected, screen);
  assert.match(screen, told);
  assert.doesNotMatch(screen, /unexpected|WAGGLE_DEBUG/);
}

test('a passphrase that cannot be read is said, without waiting and with nothing written', { timeout: 120_000 }, () =>
  inFolder(async (folder) => {
    const home = join(folder, 'home');
    const make = `${COMMAND} keys new m --home '${home}'`;
    refuses(await inShell(`${make} --passphrase-file '${folder}'`), 78, /is a directory/);
    refuses(await inShell(`mkfifo '${folder}/p'; ${make} --passphrase-file '${folder}/p'`), 78, /no regular file/);
    refuses(await inShell(`${make} --passphrase-file <(echo secret)`), 78, /no regular file/);
    refuses(await inShell(`${make} --passphrase-fd 9`), 78, /descriptor 9 is no/);
    refuses(await inShell(`${make} --passphrase-fd 900`), 78, /descriptor 900 is not open/);
    refuses(await inShell(`${make} --passphrase-fd 3 3> >(cat)`), 78, /descriptor 3 /);
    refuses(await inShell(`true | ${make} --passphrase-fd 0`), 78, /descriptor 0 is empty/);
    refuses(await inShell(`${make} --passphrase-fd 0 < /dev/null`), 78, /descriptor 0 is no/);
    refuses(await inShell(make), 78, /no terminal to ask on/);
    refuses(await inShell(`${make} --plain --passphrase-fd 3 3<<<secret`), 64, /--plain/);
    assert.ok(!existsSync(join(home, 'keys')));
    const slow = await inShell(`(sleep 1; echo '${PASSPHRASE}') | ${make} --passphrase-fd 3 3<&0`);
    assert.equal(slow.exit, 0, slow.screen);
  }),
);

test('one descriptor opens the file of an import and the home it goes to', { timeout: 120_000 }, () =>
  inFolder(async (folder) => {
    const file = join(folder, 'passphrase');
    await writeFile(file, PASSPHRASE, { mode: 0o600 });
    for (const home of ['one', 'two']) {
      const made = await waggle(['keys', 'new', home, '--home', join(folder, home), '--passphrase-file', file]);
      assert.equal(made.exit, 0, made.err);
    }
    const moved = join(folder, 'moved.key');
    const from = await inShell(
      `cat '${file}' | ${COMMAND} keys export one '${moved}' --home '${folder}/one' --passphrase-fd 0`,
    );
    assert.equal(from.exit, 0, from.screen);
    const to = await inShell(
      `cat '${file}' | ${COMMAND} keys import one '${moved}' --home '${folder}/two' --passphrase-fd 0`,
    );
    assert.equal(to.exit, 0, to.screen);
    assert.match(await readFile(join(folder, 'two', 'keys', 'models', 'one.key'), 'utf8'), /"v":[23]/);
  }),
);

test('a prompt takes what is typed, and Ctrl-C and Ctrl-D end it with nothing written', NO_TERMINAL, () =>
  inFolder(async (folder) => {
    const home = join(folder, 'home');
    const make = `keys new m --home '${home}'`;
    const [first, again] = ['Passphrase for the keys', 'The same again'];
    const cases = [
      [[[first, '\u0003']], 130, /ended by SIGINT/],
      [[[first, 'half\u0003']], 130, /ended by SIGINT/],
      [[[first, '\u0004']], 78, /nothing was typed/],
      [[[first, '\r']], 78, /is empty/],
      [
        [
          [first, `${PASSPHRASE}\r`],
          [again, '\u0003'],
        ],
        130,
        /ended by SIGINT/,
      ],
      [
        [
          [first, `${PASSPHRASE}\r`],
          [again, 'another\r'],
        ],
        78,
        /not the same/,
      ],
    ] as const;
    for (const [answers, exit, told] of cases) {
      const ran = await typing(make, answers);
      refuses(ran, exit, told);
      assert.match(ran.screen, /\sicanon\s/);
      assert.match(ran.screen, /\secho\s/);
      assert.ok(!ran.screen.includes(PASSPHRASE), 'what is typed is not shown');
    }
    assert.ok(!existsSync(join(home, 'keys')));
    const made = await typing(make, [
      [first, `${PASSPHRASE}\r`],
      [again, `${PASSPHRASE}\r`],
    ]);
    assert.equal(made.exit, 0, made.screen);
    assert.deepEqual(readdirSync(join(home, 'keys', 'models')), ['m.key']);
    refuses(await typing('keys revoke m --rpc http://127.0.0.1:1', [['Type m', '\u0003']]), 130, /ended by SIGINT/);
    refuses(await typing('keys revoke m --rpc http://127.0.0.1:1', [['Type m', '\u0004']]), 64, /nothing was revoked/);
    refuses(await typing(`${make}2 --passphrase-fd 0`, []), 78, /is a terminal/);
  }),
);
