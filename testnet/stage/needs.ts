import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import type { Need, Scenario } from '../scenarios/scenario.ts';
import { fakeTimeLibrary } from './faketime.ts';

/** Why a scenario cannot run here; undefined when it can. */
export function whyNot({ needs = [] }: Scenario, has: (need: Need) => boolean = isHere): string | undefined {
  const missing = needs.filter((need) => !has(need));
  return missing.length === 0 ? undefined : `needs ${missing.map((need) => WORDS[need]).join(' and ')}`;
}

const WORDS: Readonly<Record<Need, string>> = {
  relay: 'the relay',
  strace: 'strace on the path',
  root: 'the rights of root',
  faketime: 'the library of faketime',
};

function isHere(need: Need): boolean {
  if (need === 'strace') return isOnPath('strace');
  if (need === 'root') return process.getuid?.() === 0;
  if (need === 'faketime') return fakeTimeLibrary() !== undefined;
  return true;
}

function isOnPath(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
