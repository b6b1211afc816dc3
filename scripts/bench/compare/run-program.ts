import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** Run a program to its end, or to that of `closing`. @returns its output @throws Error when it fails or takes too long */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly timeoutMs: number },
  closing: AsyncDisposableStack,
): Promise<string> {
  const ending = new AbortController();
  closing.defer(() => ending.abort());
  const { cwd, timeoutMs: timeout } = options;
  const limits = { timeout, signal: ending.signal, maxBuffer: OUTPUT_BYTES_MAX };
  const { stdout } = await promisify(execFile)(file, args, { cwd, ...limits });
  return stdout;
}
