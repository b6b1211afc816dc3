import { execFileSync } from 'node:child_process';
import type { OpenTestnet } from '../../../testnet/network/open.ts';
import { usageOf } from './usage.ts';

/** What the processes of a network have used so far. */
export class Meters {
  readonly #testnet: OpenTestnet;

  constructor(testnet: OpenTestnet) {
    this.#testnet = testnet;
  }

  get nodes(): number {
    return this.#testnet.file.nodes.length;
  }

  /** Of all nodes together. */
  cpuUs(): number {
    return this.#pids().reduce((sum, pid) => sum + usageOf(pid).cpuUs, 0);
  }

  /** Resident memory of the largest node. */
  rssMiBMax(): number {
    return Math.round(Math.max(...this.#pids().map((pid) => usageOf(pid).rssMiB)));
  }

  /**
   * Bytes that the nodes handed to TCP for each other, by the kernel's own count of the connections that are open now. NaN
   * where `ss` (iproute2) is not there to ask.
   */
  wireBytes(): number {
    const ports = new Set(this.#testnet.file.nodes.map(({ p2p }) => Number(/\/tcp\/(\d+)/.exec(p2p)?.[1])));
    try {
      return sentBytes(execFileSync('ss', ['-tniOH', 'state', 'established'], { encoding: 'utf8' }), ports);
    } catch {
      return Number.NaN;
    }
  }

  #pids(): number[] {
    return this.#testnet.file.nodes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  }
}

/** Bytes sent on connections with one of these ports at either end, in what `ss -tniOH` prints. */
export function sentBytes(text: string, ports: ReadonlySet<number>): number {
  let bytes = 0;
  for (const line of text.split('\n')) {
    const ends = [...line.matchAll(/:(\d+)(?=\s)/g)].slice(0, 2).map((match) => Number(match[1]));
    if (!ends.some((port) => ports.has(port))) continue;
    bytes += Number(/\bbytes_sent:(\d+)/.exec(line)?.[1] ?? 0);
  }
  return bytes;
}
