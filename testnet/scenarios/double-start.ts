import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { logPath, MAIN, spawnDaemon } from '../network/processes.ts';
import { LONG_LOAD } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

const LIMIT_MS = 300_000;
const TOGETHER_MS = 20_000;
const SECOND_WAIT_MS = 90_000;
const EXIT_LOCKED = 75;

/** Two processes with one key: on one home the second is refused; on a copied home the network must stand it. */
export const doubleStart: Scenario = {
  name: 'double-start',
  promise:
    'a second start of a home ends at once and names who holds it; a copy of a home that runs beside it breaks nothing and is noticed',
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LONG_LOAD);
    const [name = 'node1'] = stage.names.slice(-1);
    const refused = await secondStart(stage, name);
    const copy = await startCopy(stage, name);
    try {
      await stage.rest(TOGETHER_MS);
      const noticed = noticedOf(stage, name, copy);
      const finding = { invariant: 'S1', ...(await judgeNoticed(stage, name, noticed)) };
      stage.say(finding.figure);
      await end(copy.child);
      await stage.stop(name).catch(() => undefined);
      return [...refused, finding, ...(await stage.judge(load, [name]))];
    } finally {
      await end(copy.child);
    }
  },
};

async function secondStart(stage: Stage, name: string): Promise<Finding[]> {
  const pid = (await stage.file()).nodes.find((node) => node.name === name)?.pid;
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN, 'start', '--home', stage.home(name)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), SECOND_WAIT_MS);
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  const holds = exit === EXIT_LOCKED && said.includes(String(pid));
  return [
    { invariant: 'S6', holds, figure: `second start exit ${exit}${holds ? ', names the pid' : `: ${said.trim()}`}` },
    timing('R4', 'refused after', performance.now() - startedMs, 2_000),
  ];
}

interface Copy {
  readonly child: ChildProcess;
  readonly home: string;
}

/** The home as it is on the disk at this moment, at free ports beside the one that runs. */
async function startCopy(stage: Stage, name: string): Promise<Copy> {
  const home = join(stage.directory, `${name}-copy`);
  await stage.stop(name);
  await cp(stage.home(name), home, { recursive: true });
  await rm(join(home, 'lock'), { force: true });
  const env = { WAGGLE_RPC_PORT: '0', WAGGLE_P2P_LISTEN: '/ip4/127.0.0.1/tcp/0' };
  const child = spawnDaemon(home, { tied: true, env });
  stage.signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  await stage.start(name);
  return { child, home };
}

/** Two words of one key that reached different nodes nobody can tell; who heard both must say so. */
async function judgeNoticed(stage: Stage, name: string, noticed: string): Promise<Omit<Finding, 'invariant'>> {
  const isOfIt = ({ signer }: { readonly signer: string }): boolean => signer === name;
  const twice = (await stage.signedTwice()).filter(isOfIt);
  let hearers = 0;
  for (const other of stage.names) {
    if (other !== name && (await stage.signedTwice(other)).some(isOfIt)) hearers += 1;
  }
  const first = twice[0] === undefined ? '' : ` (${twice[0].what})`;
  const words = `${twice.length} signed twice by the two${first}, heard whole by ${hearers}`;
  return { holds: hearers === 0 || noticed !== '', figure: `${words}, ${noticed === '' ? 'not noticed' : noticed}` };
}

/** Whether one of the two ended, or others told of it. */
function noticedOf(stage: Stage, name: string, copy: Copy): string {
  const ends = [
    ...(copy.child.exitCode === null ? [] : [`the copy ended (exit ${copy.child.exitCode})`]),
    ...(existsSync(join(stage.home(name), 'violation.json')) ? ['the first ended'] : []),
  ];
  const others = stage.names.filter((other) => other !== name);
  const evidence = others.filter((other) => readFileSync(logPath(stage.home(other)), 'utf8').includes('"evidence"'));
  return [...ends, ...(evidence.length === 0 ? [] : [`evidence at ${evidence.length} others`])].join(', ');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
