import type { EventEmitter } from 'node:events';
import type { Command } from 'commander';
import { typed } from './io.ts';

const GUIDE = 'lunch';

/** One to three lines for every command, by its path. A test runs them. */
const EXAMPLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['init', ['init', 'init --home ./node1 --name node1 --plain', 'init --observer --name acme']],
  ['start', ['start', 'start --home ./node1']],
  ['status', ['status', 'status --cluster', 'status -o json']],
  ['wait', ['wait --ready', 'wait --ready --timeout 10 -o json']],
  ['explain', ['explain 4001', 'explain ballot.closed', 'explain WAGGLE_HOME_LOCKED -o json']],
  ['completion', ['completion bash', 'completion zsh']],
  ['keys new', ['keys new gpt-5 --plain', 'keys new gpt-5 --passphrase-file ./passphrase']],
  ['keys export', ['keys export gpt-5 ./gpt-5.key', 'keys export gpt-5 --public']],
  ['keys import', ['keys import gpt-5 ./gpt-5.key']],
  ['keys rotate', ['keys rotate gpt-5']],
  ['keys next', ['keys next', 'keys next --home ./node1 --passphrase-file ./passphrase', 'keys next --promote']],
  ['keys revoke', ['keys revoke gpt-5 --yes']],
  ['keys list', ['keys list', 'keys list --home ./node1 -o json']],
  ['session open', [`session open ${GUIDE}.yaml`, 'session open supper.yaml -o json']],
  ['session list', ['session list', 'session list --status active --limit 5', 'session list --all -o ndjson']],
  ['session show', [`session show ${GUIDE}`, `session show ${GUIDE} -o json`]],
  ['session activate', ['session activate supper']],
  ['session extend', ["session extend dinner --closes-at 2040-01-31T12:00:00Z --reason 'two are travelling'"]],
  ['session close', [`session close ${GUIDE}`, "session close dinner --reason 'all have voted'"]],
  ['session cancel', ["session cancel supper --reason 'asked twice'"]],
  ['proposal list', ['proposal list', `proposal list --session ${GUIDE}`, 'proposal list --status approved -o json']],
  ['proposal show', [`proposal show ${GUIDE} pizza`]],
  ['proposal add', ['proposal add supper bread --title Bread', 'proposal add supper --file more.yaml']],
  ['vote', [`vote ${GUIDE} pizza 8 --as operator-1`, `vote ${GUIDE} soup 2 --as operator-2 --comment 'too thin'`]],
  [
    'ballot submit',
    ['ballot submit ballot.yaml', 'ballot submit - < ballot.yaml', 'ballot submit ballot.yaml --await accepted'],
  ],
  ['ballot get', ['ballot get BALLOT', 'ballot get BALLOT -o json']],
  [
    'ballot list',
    [`ballot list ${GUIDE}`, `ballot list ${GUIDE} --voter operator-1`, `ballot list ${GUIDE} --all -o ndjson`],
  ],
  ['tally', [`tally ${GUIDE}`, `tally ${GUIDE} -o json`]],
  ['admin show', ['admin show', 'admin show -o json']],
  ['admin propose', ['admin propose --shards 8', 'admin propose --remove node4 --out leave.json']],
  ['admin sign', ['admin sign change-0.json']],
  ['admin submit', ['admin submit change-0.json']],
  ['admin withdraw', ['admin withdraw', 'admin withdraw --out back.json']],
  ['observer list', ['observer list', 'observer list -o json']],
  ['observer remove', ['observer remove acme']],
  ['agent status', ['agent status', 'agent status -o json']],
  ['agent history', ['agent history', 'agent history --limit 5 -o ndjson']],
  ['agent findings', ['agent findings']],
  ['space list', ['space list']],
  ['space show', ['space show main']],
  ['space create', ["space create kitchen --title 'The kitchen'"]],
  ['model list', ['model list', 'model list --operator node1 --limit 5']],
  ['model show', ['model show operator-1']],
  ['model register', ['model register gpt-5 --role general', 'model register --file models.yaml']],
  ['model update', ["model update gpt-5 --label 'GPT 5' --provider acme"]],
  ['genesis', ['genesis', 'genesis -o json']],
  ['chain head', ['chain head']],
  ['chain block', ['chain block 1']],
  ['chain segment', ['chain segment SEGMENT']],
  ['chain chains', ['chain chains', 'chain chains --shard 1']],
  ['chain checkpoint', ['chain checkpoint 1', 'chain checkpoint 1 -o json']],
  ['chain epochs', ['chain epochs']],
  [
    'testnet up',
    ['testnet up --detach', 'testnet up --nodes 7 --shards 8 --dir ./seven', 'testnet up --ephemeral --faults'],
  ],
  ['testnet down', ['testnet down']],
  ['testnet status', ['testnet status']],
  ['testnet kill', ['testnet kill node2']],
  ['testnet start', ['testnet start node2']],
  ['testnet pause', ['testnet pause node3']],
  ['testnet resume', ['testnet resume node3']],
  ['testnet partition', ['testnet partition node1/node2,node3,node4', 'testnet partition node1/node2 --one-way']],
  ['testnet heal', ['testnet heal']],
  ['testnet delay', ['testnet delay 100 --jitter 20', 'testnet delay 300 --from node1']],
  ['testnet loss', ['testnet loss 5']],
  ['testnet rate', ['testnet rate 1000 --to node2']],
  ['testnet load', ['testnet load --voters 40', 'testnet load --voters 100 --ballots 1000 --concurrency 32 -o json']],
  ['testnet replay', ['testnet replay ./minutes/0001']],
  ['testnet scenario', ['testnet scenario kill-any', 'testnet scenario all --seed 7 -o json']],
  ['testnet demo', ['testnet demo --once', 'testnet demo --once --json']],
]);

/** Examples of a command without the name of the program; none for a group of commands. */
export function examplesOf(path: string): readonly string[] {
  return EXAMPLES.get(path) ?? [];
}

/** addHelpText listens; a Command is an EventEmitter, which its types do not say. */
function hasOwnText(command: Command): boolean {
  return (command as unknown as EventEmitter).listenerCount('afterHelp') > 0;
}

/** Put its examples under the help of every command below `command`. */
export function addExamples(command: Command, path: readonly string[] = []): void {
  const lines = examplesOf(path.join(' '));
  // A command that brings its own text under its help has its examples there.
  if (lines.length > 0 && !hasOwnText(command)) {
    const text = lines.map((line) => `  ${typed(`waggle ${line}`)}`).join('\n');
    command.addHelpText('after', `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${text}`);
  }
  const [first] = command.commands;
  if (path.length > 0 && first !== undefined && !hasOwnText(command)) {
    command.addHelpText('after', `\nNext: ${typed(`waggle ${path.join(' ')} ${first.name()} --help`)}`);
  }
  for (const one of command.commands) addExamples(one, [...path, one.name()]);
}
