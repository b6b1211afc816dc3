import { WaggleError } from '../../../protocol/errors.ts';

const POLL_MS = 5;

/**
 * The value of `promise`, or a failure that says what did not happen in time.
 * @throws WaggleError WAGGLE_TEST_DEADLINE
 */
export async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new WaggleError('WAGGLE_TEST_DEADLINE', { what, ms })), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Wait until `check` is true (or returns a value that is). For conditions that no event announces.
 * @throws WaggleError WAGGLE_TEST_DEADLINE, and whatever `check` throws
 */
export async function eventually<T>(check: () => T | Promise<T>, ms: number, what: string): Promise<T> {
  const endsAtMs = performance.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > endsAtMs) throw new WaggleError('WAGGLE_TEST_DEADLINE', { what, ms });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
