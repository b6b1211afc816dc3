import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/**
 * `npm run smoke`: what the README promises first. Runs `npm start -- --once --json` as a user would and judges its last
 * line: every ballot counted, and one result at all nodes. Ends with 1 when either is not so, or nothing came in time.
 */
const DEADLINE_MS = 180_000;
const KILL_AFTER_MS = 10_000;
/** The fields that the last line promises. */
const FIELDS = [
  'chain',
  'nodes',
  'validators',
  'shards',
  'session',
  'ballots',
  'counted',
  'finalMsP50',
  'finalMsP99',
  'receiptsVerified',
  'resultsAgree',
];

/** What is wrong with a demonstration that printed `output`; undefined when nothing is. */
export function faultIn(output: string): string | undefined {
  const line = output.trimEnd().split('\n').at(-1)?.trim() ?? '';
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return `the last line is not JSON: ${line.slice(0, 200)}`;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'the last line is no JSON object';
  const said = new Map<string, unknown>(Object.entries(parsed));
  const missing = FIELDS.filter((field) => !said.has(field));
  if (missing.length > 0) return `the last line lacks ${missing.join(', ')}`;
  const [ballots, counted] = [said.get('ballots'), said.get('counted')];
  if (!Number.isSafeInteger(ballots) || Number(ballots) < 1) return `${String(ballots)} ballots were submitted`;
  if (counted !== ballots) return `${String(counted)} of ${String(ballots)} ballots were counted`;
  if (said.get('resultsAgree') !== true) return 'the results of the nodes differ';
  return undefined;
}

/** The demonstration's exit code and output; what it says is passed on as it comes. */
function demonstrate(root: string): Promise<{ code: number | null; output: string }> {
  // A group of its own: npm, the launcher and what they start end together when the time is over.
  const child = spawn('npm', ['start', '--', '--once', '--json'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // Nobody of the group is left.
    }
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => signal('SIGTERM'));
  const timers = [
    setTimeout(() => signal('SIGTERM'), DEADLINE_MS),
    setTimeout(() => signal('SIGKILL'), DEADLINE_MS + KILL_AFTER_MS),
  ];
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => {
      for (const timer of timers) clearTimeout(timer);
      done({ code, output });
    });
  });
}

if (import.meta.main) {
  const { code, output } = await demonstrate(resolve(import.meta.dirname, '..'));
  const fault = code === 0 ? faultIn(output) : `npm start ended with ${code ?? 'a signal'}`;
  console.log(fault === undefined ? 'smoke: ok' : `smoke: FAIL, ${fault}`);
  process.exitCode = fault === undefined ? 0 : 1;
}
