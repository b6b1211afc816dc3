import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { allMethods } from '../node/rpc/methods/all.ts';
import { openRpcDocument } from '../node/rpc/openrpc.ts';
import { formatted } from './client/format.ts';
import { type Method, methodsModule } from './client/methods-module.ts';

/**
 * `npm run client [-- --check] [--root DIR]`: writes the types of every method from the OpenRPC document of the node, the
 * very schemas that validate, into `client/generated/methods.ts`. `--check` fails when the file is not what this would write.
 */
const FILE = 'client/generated/methods.ts';

/** The text of the generated file. */
export function currentModule(): string {
  const { methods } = openRpcDocument([...allMethods('0').values()], '0') as { readonly methods: readonly Method[] };
  return formatted(FILE, methodsModule(methods));
}

function main(): void {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false }, root: { type: 'string' } } });
  const path = join(resolve(values.root ?? `${import.meta.dirname}/..`), FILE);
  const text = currentModule();
  if (!values.check) {
    writeFileSync(path, text);
    console.log(`wrote ${FILE}`);
  } else if (readFileSync(path, 'utf8') !== text) {
    console.log(`${FILE} is not what the OpenRPC document says: npm run client`);
    process.exitCode = 1;
  } else console.log(`${FILE} is as the OpenRPC document says`);
}

if (import.meta.main) main();
