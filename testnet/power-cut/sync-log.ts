/** What strace saw of one file: how long it is, and how much of it a power cut would have left. */
export interface FileSync {
  readonly writtenBytes: number;
  readonly syncedBytes: number;
}

/** Calls of which the log must tell: what makes a file longer or shorter, and what makes it durable. */
export const LOGGED_CALLS = 'fdatasync,fsync,pwrite64,write,ftruncate';

const LINE = /^(\d+) +(\w+)\((\d+)<(.*?)>(?:, (.*?))?\)? *(?:= (-?\d+|\?).*|<unfinished \.\.\.>)$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>.*= (-?\d+|\?)/;

/**
 * The files of a log of `strace -f -y -s 0 -o`, by path. A call that did not come back did nothing; a sync makes durable
 * what was written before it began. A file that the log first meets is taken as durable up to where it is first written.
 */
export function readSyncLog(log: string): Map<string, FileSync> {
  const files = new Map<string, { written: number; synced: number }>();
  const begun = new Map<string, { call: Call; atBytes: number }>();
  for (const line of log.split('\n')) {
    const call = callOf(line);
    if (call !== undefined) {
      const atBytes = files.get(call.path)?.written ?? 0;
      if (call.result === undefined) begun.set(call.thread, { call, atBytes });
      else apply(files, call, call.result, atBytes);
      continue;
    }
    const [, thread = '', , result = ''] = RESUMED.exec(line) ?? [];
    const before = begun.get(thread);
    if (before === undefined) continue;
    begun.delete(thread);
    apply(files, before.call, Number(result), before.atBytes);
  }
  return new Map(
    [...files].map(([path, { written, synced }]) => [path, { writtenBytes: written, syncedBytes: synced }]),
  );
}

interface Call {
  readonly thread: string;
  readonly name: string;
  readonly path: string;
  readonly args: string;
  /** Undefined while it is under way; NaN when it never came back. */
  readonly result: number | undefined;
}

function callOf(line: string): Call | undefined {
  const [, thread, name, , path, args = '', result] = LINE.exec(line) ?? [];
  if (thread === undefined || name === undefined || path === undefined) return undefined;
  return { thread, name, path, args, result: result === undefined ? undefined : Number(result) };
}

function apply(
  files: Map<string, { written: number; synced: number }>,
  { name, path, args }: Call,
  result: number,
  atBytes: number,
): void {
  if (!(result >= 0)) return;
  const lastArg = Number(args.split(', ').at(-1));
  const file = files.get(path) ?? { written: 0, synced: name === 'pwrite64' ? lastArg : 0 };
  files.set(path, file);
  if (name === 'pwrite64') file.written = Math.max(file.written, lastArg + result);
  else if (name === 'write') file.written += result;
  else if (name === 'ftruncate') {
    file.written = Math.min(file.written, lastArg);
    file.synced = Math.min(file.synced, lastArg);
  } else file.synced = Math.max(file.synced, atBytes);
}
