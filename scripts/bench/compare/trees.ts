import { spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { runProgram } from './run-program.ts';

/** What measures, from here up to the root. */
const OWN = join('scripts', 'bench', 'compare');
const GIT_TIMEOUT_MS = 10_000;
const INSTALL_TIMEOUT_MS = 300_000;
const SCRIPT_TIMEOUT_MS = 120_000;

/**
 * The files of a commit in a temporary folder that goes with `closing`, with the dependencies of its lockfile and with
 * what measures taken from the tree. Nothing is left in the repository: it is an archive, no worktree.
 * @returns the folder @throws Error there is no such commit, or its dependencies cannot be installed
 */
export async function checkOut(root: string, base: string, closing: AsyncDisposableStack): Promise<string> {
  const commit = await runProgram(
    'git',
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`],
    { cwd: root, timeoutMs: GIT_TIMEOUT_MS },
    closing,
  ).catch(() => {
    throw new Error(`${base} is no commit here`);
  });
  const folder = await mkdtemp(join(tmpdir(), 'waggle-base-'));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  await unpack(root, commit.trim(), folder);
  if (isSameFile(join(root, 'package-lock.json'), join(folder, 'package-lock.json'))) {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  } else {
    const options = { cwd: folder, timeoutMs: INSTALL_TIMEOUT_MS };
    await runProgram('npm', ['ci', '--no-audit', '--no-fund'], options, closing);
  }
  cpSync(join(root, OWN), join(folder, OWN), { recursive: true });
  return folder;
}

function isSameFile(one: string, other: string): boolean {
  return existsSync(one) && existsSync(other) && readFileSync(one).equals(readFileSync(other));
}

function unpack(root: string, commit: string, folder: string): Promise<void> {
  const archive = spawn('git', ['archive', '--format=tar', commit], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const tar = spawn('tar', ['-x', '-C', folder], { stdio: [archive.stdout, 'inherit', 'inherit'] });
  const ended = (child: typeof archive | typeof tar, what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${what} failed: exit ${code}`))));
    });
  return Promise.all([ended(archive, 'git archive'), ended(tar, 'tar')]).then(() => undefined);
}

/** What a script of a tree prints as its only line. @throws Error when it fails */
export async function askScript(
  root: string,
  file: string,
  flags: readonly string[],
  closing: AsyncDisposableStack,
): Promise<unknown> {
  const options = { cwd: root, timeoutMs: SCRIPT_TIMEOUT_MS };
  return JSON.parse(await runProgram(process.execPath, [...flags, join(root, OWN, file)], options, closing));
}
