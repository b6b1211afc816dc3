import type { Command } from 'commander';
import { type AskOptions, askOptions, listOptions } from '../command-options.ts';
import { type ListOptions, showList } from '../listing.ts';
import { emit, type Screen } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { AgentShardResult, AgentStatusResult, DecisionResult, FindingsResult } from '../rpc-shapes.ts';
import type { Column } from '../table.ts';
import { connect } from '../target.ts';

const MIB = 1024 * 1024;

/** `waggle agent …`: what the metrics agent of a daemon measures, and what it decided. */
export function addAgentCommands(program: Command, context: CliContext): void {
  const agent = program.command('agent').description('the metrics agent of a daemon: status, history, findings');
  askOptions(agent.command('status'))
    .description('batch targets, and where the time of a ballot goes')
    .action((options: AskOptions) => showStatus(options, context));
  askOptions(listOptions(agent.command('history')))
    .description('what it decided and why, the newest first')
    .action((options: AskOptions & ListOptions) => showHistory(options, context));
  askOptions(agent.command('findings'))
    .description('what holds votes up, the worst first')
    .action((options: AskOptions) => showFindings(options, context));
}

async function showStatus(options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const status = await client.call<AgentStatusResult>('agent_status');
  emit(io, options.output, status, () => statusScreen(status, client.flags));
}

function statusScreen(status: AgentStatusResult, flags: string): Screen {
  const { mode, shards, decisions } = status;
  if (mode === 'none') {
    const title = 'an observer seals no batches, so there is nothing to tune';
    return { title, columns: [], rows: [], next: `waggle status${flags}` };
  }
  const names = ['shard', 'phase', 'items', 'linger', 'flight', 'per s', 'p50', 'p99', 'seal', 'order', 'exec'];
  return {
    title: `batches are ${mode}; ${work(status)}`,
    columns: names.map((name) => column(name, name !== 'phase')),
    rows: shards.map(shardRow),
    notes: [
      'In ms: p50, p99 from submission to final; seal, order, exec its mean parts.',
      'flight: own segments that are not executed yet, of how many there may be.',
      ...machineNotes(status),
    ],
    next: decisions.count > 0 ? `waggle agent history${flags}` : `waggle status${flags}`,
  };
}

function work({ sampling, windows, sampledAt }: AgentStatusResult): string {
  if (sampledAt === null) return 'nothing was submitted here yet';
  return sampling ? `${windows} samples, work is under way` : `idle since ${sampledAt}`;
}

function shardRow(facts: AgentShardResult): string[] {
  const { shard, phase, targets, inFlightSegments, deliveredPerS, finalMs, parts } = facts;
  const times = [finalMs?.p50, finalMs?.p99, parts?.sealMs, parts?.orderMs, parts?.executeMs];
  return [
    String(shard),
    phase ?? '-',
    String(targets.itemsTarget),
    number(targets.lingerMs),
    `${inFlightSegments}/${targets.inFlightSegmentsMax}`,
    number(deliveredPerS),
    ...times.map((ms) => (ms === undefined ? '-' : number(ms))),
  ];
}

function machineNotes({ machine }: AgentStatusResult): string[] {
  if (machine === null) return [];
  const { loopDelayMsP99, cpuShare, syncMs, residentBytes, links } = machine;
  const facts = [
    `CPU ${Math.round(cpuShare * 100)} %`,
    `loop late by ${number(loopDelayMsP99)}`,
    ...(syncMs === undefined ? [] : [`sync ${number(syncMs)}`]),
    `${Math.round(residentBytes / MIB)} MiB`,
  ];
  const away = links.flatMap(({ roundTripMs }) => roundTripMs ?? []);
  if (away.length > 0) facts.push(`farthest peer ${number(Math.max(...away))}`);
  return [`Machine: ${facts.join(', ')}.`];
}

async function showHistory(options: AskOptions & ListOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const names = ['seq', 'time', 'shard', 'phase', 'reason', 'items', 'linger', 'flight'];
  const listing = {
    method: 'agent_history',
    params: {},
    columns: names.map((name) => column(name, !['time', 'phase', 'reason'].includes(name))),
    row: decisionRow,
    empty: 'nothing was decided since the start of the node',
    command: `waggle agent history${client.flags}`,
    next: () => `waggle agent status${client.flags}`,
  };
  await showList(listing, options, client, io);
}

function decisionRow({ seq, time, shard, phase, reason, targets }: DecisionResult): string[] {
  const { itemsTarget, lingerMs, inFlightSegmentsMax } = targets;
  // Kept since the start of a node: the time of day is what tells them apart.
  const timeOfDay = time.slice(11, 23);
  const numbers = [String(itemsTarget), number(lingerMs), String(inFlightSegmentsMax)];
  return [String(seq), timeOfDay, String(shard), phase, reason, ...numbers];
}

async function showFindings(options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const result = await client.call<FindingsResult>('agent_findings');
  const { findings } = result;
  emit(
    io,
    options.output,
    result,
    () => ({
      columns: findings.length === 0 ? [] : ['finding', 'share', 'gain ms', 'evidence'].map((name) => ({ name })),
      rows: findings.map(({ code, share, gainMs, evidence }) => [
        code,
        `${Math.round(share * 100)} %`,
        gainMs === undefined ? '-' : number(gainMs),
        Object.entries(evidence)
          .map(([name, value]) => `${name} ${typeof value === 'number' ? number(value) : value}`)
          .join(', '),
      ]),
      notes: findings.length === 0 ? ['nothing stands out'] : findings.map(({ code, text }) => `${code}: ${text}`),
      next: `waggle agent status${client.flags}`,
    }),
    findings,
  );
}

function column(name: string, isNumber: boolean): Column {
  return isNumber ? { name, align: 'right' } : { name };
}

/** Three digits say enough. */
function number(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2).replace(/\.?0+$/, '');
}
