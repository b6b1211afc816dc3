import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noNode, noTestnet } from '../../node/cli/target.ts';
import {
  defaultTestnetDirectory,
  readTestnetFile,
  type TestnetFile,
  type TestnetNode,
  testnetFilePath,
} from '../../node/cli/testnet-file.ts';
import { shellWord } from '../../node/cli/typed-command.ts';
import { takeLock } from '../../node/storage/home-lock.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';

const LOCK_TRIES = 100;
const LOCK_WAIT_MS = 50;

/** ' --dir D' where it is not the folder that commands find by themselves. */
export function dirFlagOf(directory: string): string {
  return isDefault(directory) ? '' : ` --dir ${shellWord(directory)}`;
}

function isDefault(directory: string): boolean {
  return directory === defaultTestnetDirectory();
}

/** The network in `directory`. @throws WaggleError WAGGLE_CLI_UNAVAILABLE there is none */
export async function requireTestnet(directory: string): Promise<TestnetFile> {
  const file = await readTestnetFile(directory);
  if (file !== undefined) return file;
  throw noTestnet(directory, isDefault(directory) ? undefined : directory);
}

/** Whole or not at all. */
export async function saveTestnetFile(directory: string, file: TestnetFile): Promise<void> {
  const unfinished = join(directory, `.testnet.${randomUUID()}.json`);
  try {
    await writeFile(unfinished, `${JSON.stringify(file, undefined, 2)}\n`);
    await rename(unfinished, testnetFilePath(directory));
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** By folder, the last change of this process that is under way. */
const changes = new Map<string, Promise<void>>();

/**
 * Change what is known of one node, by one command at a time. Changes of this process wait for each other here: at the lock
 * each try costs a file that is synced, and four nodes killed at once took minutes of tries where the disk was busy.
 */
export async function updateNode(directory: string, name: string, change: Partial<TestnetNode>): Promise<void> {
  const before = changes.get(directory) ?? Promise.resolve();
  const own = before
    .catch(() => undefined)
    .then(() => withLock(directory, () => saveChange(directory, name, change)))
    .finally(() => {
      if (changes.get(directory) === own) changes.delete(directory);
    });
  changes.set(directory, own);
  await own;
}

async function saveChange(directory: string, name: string, change: Partial<TestnetNode>): Promise<void> {
  const file = await requireTestnet(directory);
  const nodes = file.nodes.map((node) => (node.name === name ? { ...node, ...change } : node));
  await saveTestnetFile(directory, { ...file, nodes });
}

/** Run while no other command changes this network. @throws WaggleError WAGGLE_CLI_BUSY */
export async function withLock<Result>(directory: string, run: () => Promise<Result>): Promise<Result> {
  const release = await lock(join(directory, 'testnet.lock'));
  try {
    return await run();
  } finally {
    await release();
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  for (let tries = 1; ; tries++) {
    try {
      return await takeLock(path);
    } catch (error) {
      if (codeOf(error) !== 'WAGGLE_HOME_LOCKED') throw error;
      if (tries >= LOCK_TRIES) {
        throw new WaggleError('WAGGLE_CLI_BUSY', { reason: 'another command is changing this testnet' });
      }
      await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_MS));
    }
  }
}

/** @throws WaggleError WAGGLE_CLI_USAGE with the names there are */
export function nodeNamed(file: TestnetFile, name: string): TestnetNode {
  const node = file.nodes.find((one) => one.name === name);
  if (node !== undefined) return node;
  throw noNode(file, name);
}
