import process from 'node:process';
import { serveControl } from './control.ts';
import { Relay } from './relay.ts';
import { readRelayFile } from './relay-file.ts';

/*
 * `node testnet/relay/main.ts start DIR [--until-stdin-ends]`: the relay of the network in a folder, until a signal. It
 * forgets its rules when it ends: a network that is started again is whole.
 */

async function main(): Promise<void> {
  const [, , , directory = '', ...flags] = process.argv;
  const file = await readRelayFile(directory);
  if (file === undefined) {
    process.stderr.write(`no relay.json in ${directory}\n`);
    process.exitCode = 66;
    return;
  }
  const relay = new Relay({ links: file.links });
  await relay.start();
  await serveControl(relay, file.control.port, file.control.token);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(0));
  if (flags.includes('--until-stdin-ends')) process.stdin.once('close', () => process.exit(0)).resume();
}

await main();
