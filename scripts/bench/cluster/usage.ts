import { readFileSync } from 'node:fs';

/** CPU time and resident memory of a process, from the kernel's own books. */
export interface Usage {
  readonly cpuUs: number;
  readonly rssMiB: number;
}

/** Clock ticks a second in /proc: fixed by the kernel's interface. */
const TICKS_PER_S = 100;

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command in parentheses may hold anything; the numbers start behind it. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuUs: (ticks / TICKS_PER_S) * 1e6, rssMiB: Number(resident ?? 0) / 1024 };
}
