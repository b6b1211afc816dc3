import { toHex } from '../../protocol/hex.ts';

/** What came of the messages of one protocol. */
export interface ProtocolTally {
  messages: number;
  taken: number;
  refused: number;
  /** Bytes or elements of the largest thing made by a length, and its cap. */
  largest: number;
  tookMs: number;
  readonly reasons: Map<string, number>;
}

/** The outcome of a message that was taken, or changed nothing because it was known; all others are reasons of refusals. */
export const TAKEN = 'taken';

export class Tally {
  readonly byProtocol = new Map<string, ProtocolTally>();

  of(protocol: string): ProtocolTally {
    const known = this.byProtocol.get(protocol);
    if (known !== undefined) return known;
    const fresh = { messages: 0, taken: 0, refused: 0, largest: 0, tookMs: 0, reasons: new Map<string, number>() };
    this.byProtocol.set(protocol, fresh);
    return fresh;
  }

  count(protocol: string, outcome: string, largest: number): void {
    const tally = this.of(protocol);
    tally.messages += 1;
    tally.largest = Math.max(tally.largest, largest);
    if (outcome === TAKEN) tally.taken += 1;
    else {
      tally.refused += 1;
      tally.reasons.set(outcome, (tally.reasons.get(outcome) ?? 0) + 1);
    }
  }

  get messages(): number {
    return [...this.byProtocol.values()].reduce((sum, { messages }) => sum + messages, 0);
  }

  table(): string {
    const head = ['protocol', 'messages', 'taken', 'refused', 'reasons', 'largest', 'a second'];
    const rows = [...this.byProtocol].map(([protocol, { messages, taken, refused, reasons, largest, tookMs }]) =>
      [
        protocol,
        messages,
        taken,
        refused,
        reasons.size,
        largest,
        Math.round((messages * 1_000) / Math.max(1, tookMs)),
      ].map(String),
    );
    const lines = [head, ...rows];
    const widths = head.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
    return lines
      .map((line) => line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))))
      .map((cells) => cells.join('  '))
      .join('\n');
  }
}

/** A message that did what no message may do. Its line goes to `scripts/testdata/fuzz.txt` with the fix. */
export class FuzzFault extends Error {
  readonly protocol: string;
  readonly hex: string;

  constructor(protocol: string, bytes: Uint8Array, cause: unknown) {
    super(`${protocol}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.protocol = protocol;
    this.hex = toHex(bytes);
  }
}
