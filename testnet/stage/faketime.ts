import { globSync } from 'node:fs';

/** Where Debian's package faketime has its library. */
const LIBRARY = '/usr/lib/*/faketime/libfaketime.so.1';

export function fakeTimeLibrary(): string | undefined {
  return globSync(LIBRARY)[0];
}

/** Environment of a process whose wall clock is off by so many seconds; what it measures time with is not. */
export function fakedClock(offsetS: number): NodeJS.ProcessEnv {
  const library = fakeTimeLibrary();
  if (library === undefined) throw new TypeError("a scenario that fakes a clock says needs: ['faketime']");
  return {
    LD_PRELOAD: library,
    FAKETIME: `${offsetS >= 0 ? '+' : ''}${offsetS}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}
