import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenTestnet } from '../../../testnet/network/open.ts';
import { logPath } from '../../../testnet/network/processes.ts';
import type { CpuProfile } from './cpu-profile.ts';

/** NODE_OPTIONS of daemons that `Inspector` is to reach: any free port, this machine alone. */
export const INSPECTED = '--inspect=127.0.0.1:0';
const SAMPLE_US = 500;

interface Answer {
  readonly id?: number;
  readonly result?: { readonly profile?: CpuProfile; readonly result?: { readonly value?: unknown } };
  readonly error?: { readonly message: string };
}

/** The inspector of one daemon. It costs the daemon nothing until a profile is started. */
export class Inspector {
  readonly name: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #id = 0;

  private constructor(name: string, socket: WebSocket) {
    this.name = name;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  /** @throws Error the daemon was not started with INSPECTED, or does not answer */
  static async of(name: string, home: string): Promise<Inspector> {
    const url = [...(await readFile(logPath(home), 'utf8')).matchAll(/^Debugger listening on (ws:\S+)$/gm)].at(-1)?.[1];
    if (url === undefined) throw new Error(`${name} has no inspector`);
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error(`the inspector of ${name} does not answer`)), {
        once: true,
      });
    });
    return new Inspector(name, socket);
  }

  async start(): Promise<void> {
    await this.#ask('Profiler.enable');
    await this.#ask('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    await this.#ask('Profiler.start');
  }

  async stop(): Promise<CpuProfile> {
    const { profile } = await this.#ask('Profiler.stop');
    if (profile === undefined) throw new Error(`${this.name} gave no profile`);
    return profile;
  }

  /** What the daemon holds once its garbage is gone: objects, and buffers outside of V8's heap. */
  async heldBytes(): Promise<number> {
    await this.#ask('HeapProfiler.collectGarbage');
    const expression = 'process.memoryUsage().heapUsed + process.memoryUsage().external';
    const { result } = await this.#ask('Runtime.evaluate', { expression, returnByValue: true });
    return Number(result?.value);
  }

  close(): void {
    this.#socket.close();
  }

  async #ask(method: string, params: object = {}): Promise<NonNullable<Answer['result']>> {
    const id = ++this.#id;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await promise;
    this.#waiting.delete(id);
    if (error !== undefined || result === undefined) throw new Error(`${method}: ${error?.message ?? 'no answer'}`);
    return result;
  }
}

/** Profiles of all daemons over one stretch of a benchmark, each written to `directory` as `<name>.cpuprofile`. */
export class Profiling {
  readonly profiles: CpuProfile[] = [];
  readonly #testnet: OpenTestnet;
  readonly #directory: string;
  #inspectors: readonly Inspector[] = [];

  constructor(testnet: OpenTestnet, directory: string) {
    this.#testnet = testnet;
    this.#directory = directory;
  }

  async start(): Promise<void> {
    this.#inspectors = await Promise.all(this.#testnet.file.nodes.map(({ name, home }) => Inspector.of(name, home)));
    await Promise.all(this.#inspectors.map((one) => one.start()));
  }

  async stop(): Promise<void> {
    for (const one of this.#inspectors) {
      const profile = await one.stop();
      this.profiles.push(profile);
      await writeFile(join(this.#directory, `${one.name}.cpuprofile`), JSON.stringify(profile));
      one.close();
    }
  }
}
