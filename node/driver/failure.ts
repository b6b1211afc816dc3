import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Replica } from '../../consensus/replica-state.ts';
import type { Input } from '../../consensus/types.ts';
import { OWN_PAST } from '../../consensus/types.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';

/** Why a node stopped by itself. Crash-only: the process ends with `exitCode`, and the next start recovers. */
export interface NodeFailure {
  /** 74: a disk failed. 78: another build is needed. 70: a broken invariant, a safety violation or another bug. */
  readonly exitCode: 70 | 74 | 78;
  readonly code: string;
  /** One line for people. */
  readonly line: string;
}

const VIOLATION = 'WAGGLE_DRIVER_VIOLATION';
const DISK_CODES = /^WAGGLE_(?:JOURNAL|STORE)_/;
const LEDGER_CODES = /^WAGGLE_(?:STORE_DAMAGED|LEDGER_DAMAGED|REPAIR_SOURCE)$/;

export function failureOf(error: unknown): NodeFailure {
  const code = codeOf(error) ?? 'WAGGLE_DRIVER_ERROR';
  const message = error instanceof Error ? error.message : String(error);
  if (LEDGER_CODES.test(code)) {
    const line = `the ledger on the disk is damaged, so this node signs nothing more; the next start makes it anew: ${message}`;
    return { exitCode: 74, code, line };
  }
  if (DISK_CODES.test(code)) {
    return { exitCode: 74, code, line: `the disk failed, so this node signs nothing more: ${message}` };
  }
  if (code === VIOLATION && error instanceof WaggleError && error.facts.invariant === OWN_PAST) {
    return {
      exitCode: 70,
      code,
      line: `this disk was rolled back, or its key runs elsewhere too; then only start --rejoin is safe: ${message}`,
    };
  }
  if (code === VIOLATION) {
    return {
      exitCode: 70,
      code,
      line: `more than f validators are faulty, or they run divergent software: ${message}`,
    };
  }
  if (code === 'WAGGLE_TRUST_DIFFERS') {
    return { exitCode: 70, code, line: `the history here does not lead to the checkpoint that is trusted: ${message}` };
  }
  if (code === 'WAGGLE_EPOCH_VERSION') {
    return { exitCode: 78, code, line: `the network went over to rules that only a newer build knows: ${message}` };
  }
  return { exitCode: 70, code, line: `stopped by a bug: ${message}` };
}

/** What a violation is reported as: more than f faults, or divergent software. */
export function violationError(invariant: string, facts: string): WaggleError {
  return new WaggleError(VIOLATION, { invariant, facts });
}

const TRACED_MAX = 256;

/** The last inputs in words, small enough to be kept always: what a report of a broken invariant begins with. */
export class InputTrace {
  readonly #lines: string[] = [];
  #next = 0;

  add(input: Input): void {
    this.#lines[this.#next % TRACED_MAX] = describeInput(input);
    this.#next += 1;
  }

  /** Oldest first. */
  lines(): string[] {
    const start = this.#next % TRACED_MAX;
    return this.#next <= TRACED_MAX ? [...this.#lines] : [...this.#lines.slice(start), ...this.#lines.slice(0, start)];
  }
}

function describeInput(input: Input): string {
  if (input.kind === 'submit') return `submit shard=${input.shard}`;
  if (input.kind !== 'message') return input.kind;
  const { message, from } = input;
  switch (message.kind) {
    case 'propose':
    case 'block': {
      const { view, height } = message.block.block;
      return `${message.kind} from=${from} view=${view} height=${height}`;
    }
    case 'vote':
      return `${message.vote.kind} from=${from} view=${message.vote.view}`;
    case 'certificate':
      return `certificate from=${from} kind=${message.certificate.kind} view=${message.certificate.view}`;
    case 'segment': {
      const { shard, author, height } = message.segment.header;
      return `segment from=${from} shard=${shard} author=${author} height=${height}`;
    }
    case 'final':
      return `final from=${from} blocks=${message.blocks.length} view=${message.certificate.view}`;
    default:
      return `${message.kind} from=${from}`;
  }
}

/** What a violation leaves behind. While it is there the node does not start: somebody has to look at it first. */
export const VIOLATION_FILE = 'violation.json';
const INVARIANT_FILE = 'invariant.json';

/**
 * Write a report before the process ends. It must not fail for lack of a disk: then the line on stderr is all there is.
 */
export function reportFailure(
  directory: string,
  { code, line }: NodeFailure,
  { view, finalView, executed }: Pick<Replica, 'view' | 'finalView' | 'executed'>,
  error: unknown,
  trace: readonly string[],
): void {
  const position = { view, finalView, executedHeight: executed.height };
  const stack = error instanceof Error ? error.stack : String(error);
  const report = { code, line, position, stack, trace };
  try {
    const path = join(directory, code === VIOLATION ? VIOLATION_FILE : INVARIANT_FILE);
    writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
  } catch {
    return;
  }
}
