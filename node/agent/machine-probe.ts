import type { LinkSample, MachineSample } from '../../consensus/batching/types.ts';

/** What the process can say of itself. Read once a window, and not at all while there is no work. */
export interface MachinePorts {
  /** How late the event loop ran what was due. */
  readonly loop: LoopDelay;
  /** CPU of this process since its start, all threads. */
  cpuMicros(): number;
  residentBytes(): number;
  /** The last sync of the journal; undefined before the first. */
  syncMs(): number | undefined;
  links(): readonly LinkFacts[];
}

export interface LoopDelay {
  start(): void;
  stop(): void;
  /** Of the time since it was last asked. */
  takeMsP99(): number;
}

export interface LinkFacts {
  readonly peer: string;
  /** Sent since the start of the link. */
  readonly sentBytes: number;
  readonly roundTripMs: number | undefined;
}

const MICROS_PER_MS = 1_000;
const MS_PER_S = 1_000;

/** Turns running sums into what one window spent. */
export class MachineProbe {
  readonly #ports: MachinePorts;
  #cpuMicros = 0;
  #sentBytes = new Map<string, number>();

  constructor(ports: MachinePorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#ports.loop.start();
    this.#cpuMicros = this.#ports.cpuMicros();
    this.#sentBytes = new Map(this.#ports.links().map(({ peer, sentBytes }) => [peer, sentBytes]));
  }

  stop(): void {
    this.#ports.loop.stop();
  }

  /** `windowMs` above 0. */
  take(windowMs: number): MachineSample {
    const cpuMicros = this.#ports.cpuMicros();
    const cpuShare = Math.max(0, cpuMicros - this.#cpuMicros) / MICROS_PER_MS / windowMs;
    this.#cpuMicros = cpuMicros;
    return {
      loopDelayMsP99: this.#ports.loop.takeMsP99(),
      cpuShare,
      syncMs: this.#ports.syncMs(),
      residentBytes: this.#ports.residentBytes(),
      links: this.#takeLinks(windowMs),
    };
  }

  #takeLinks(windowMs: number): LinkSample[] {
    const links = this.#ports.links();
    const before = this.#sentBytes;
    this.#sentBytes = new Map(links.map(({ peer, sentBytes }) => [peer, sentBytes]));
    return links.map(({ peer, sentBytes, roundTripMs }) => {
      const known = before.get(peer) ?? 0;
      // A link that was made anew counts from zero.
      const bytes = sentBytes >= known ? sentBytes - known : sentBytes;
      return { peer, bytesPerS: (bytes * MS_PER_S) / windowMs, roundTripMs };
    });
  }
}
