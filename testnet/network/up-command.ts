import { emit, type OutputFormat } from '../../node/cli/output.ts';
import type { CliContext } from '../../node/cli/program.ts';
import { dirFlag } from '../replay/command.ts';
import { listenForSignals } from './ending.ts';
import { type OpenTestnet, openTestnet } from './open.ts';

export interface UpOptions {
  readonly nodes?: number;
  readonly shards?: number;
  readonly basePort?: number;
  readonly dir?: string;
  readonly detach?: boolean;
  readonly ephemeral?: boolean;
  readonly faults?: boolean;
  readonly output: OutputFormat;
}

/** `waggle testnet up`: returns when ready with --detach, else stays until a signal and ends its processes. */
export async function upCommand(options: UpOptions, { io }: CliContext): Promise<void> {
  const detach = options.detach === true;
  const progress = (line: string) => io.err(`${line}\n`);
  const { basePort, dir, faults } = options;
  const isEphemeral = options.ephemeral === true;
  const ending = listenForSignals(
    isEphemeral ? 'the network was ephemeral and is gone: run the command again' : undefined,
  );
  const open = {
    ...asked(options),
    ephemeral: isEphemeral,
    detach,
    ...(basePort === undefined ? {} : { basePort }),
    ...(faults === undefined ? {} : { faults }),
    ...(dir === undefined ? {} : { directory: dir }),
  };
  const testnet = await openTestnet(open, progress, ending);
  const stays = !detach && testnet.started.length > 0;
  try {
    emit(io, options.output, testnet.file, () => upScreen(testnet, options, stays), testnet.file.nodes);
    if (stays) await ending.forever();
  } finally {
    if (stays) {
      io.err('ending the network\n');
      await testnet.close();
    }
    ending.stop();
  }
}

/** What was typed of the size of the network: only a new one takes the rest from the defaults. */
function asked({ nodes, shards }: UpOptions) {
  return { ...(nodes === undefined ? {} : { nodes }), ...(shards === undefined ? {} : { shards }) };
}

function upScreen(testnet: OpenTestnet, { dir, ephemeral }: UpOptions, stays: boolean) {
  const flag = dirFlag(ephemeral === true ? testnet.directory : dir);
  const how = stays ? 'Ctrl-C ends it' : `waggle testnet down${flag} ends it`;
  return {
    title: `${testnet.file.nodes.length === 1 ? 'one node is' : `${testnet.file.nodes.length} nodes are`} ready; ${how}`,
    columns: [{ name: 'node' }, { name: 'pid', align: 'right' as const }, { name: 'rpc' }, { name: 'p2p' }],
    rows: testnet.file.nodes.map(({ name, pid, rpc, p2p }) => [name, String(pid), rpc, p2p]),
    notes: [`chain ${testnet.file.chain}`, `state in ${testnet.directory}`],
    next: `waggle status --cluster${flag}`,
  };
}
