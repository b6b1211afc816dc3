import process from 'node:process';
import { processIo } from './cli/io.ts';
import { runCli } from './cli/run.ts';

const exit = await runCli(process.argv.slice(2), processIo());
// What a signal broke off may still wait for an answer; nobody waits for it any more.
if (exit > 128) process.exit(exit);
process.exitCode = exit;
