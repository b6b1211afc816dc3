/**
 * Sees the largest array or buffer that is made by its length, wherever: a length that a stranger wrote must never be
 * one. The constructors are replaced for the whole process, so it is for the fuzzer's own process alone.
 */
let largest = 0;
let isInstalled = false;

/** Bytes or elements of the largest one since the last call. */
export function takeLargest(): number {
  const taken = largest;
  largest = 0;
  return taken;
}

export function installAllocationWatch(): void {
  if (isInstalled) return;
  isInstalled = true;
  for (const name of ['Uint8Array', 'ArrayBuffer', 'Array'] as const) {
    const watched = watch(globalThis[name] as never);
    Object.defineProperty(globalThis, name, { value: watched, configurable: true, writable: true });
  }
  for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
    const make = Buffer[name] as (size: number, ...rest: unknown[]) => Buffer;
    const watched = (size: number, ...rest: unknown[]): Buffer => {
      note(size);
      return make.call(Buffer, size, ...rest);
    };
    Object.defineProperty(Buffer, name, { value: watched, configurable: true, writable: true });
  }
}

function watch<Constructor extends new (...given: never[]) => object>(made: Constructor): Constructor {
  return new Proxy(made, {
    construct(target, given: never[], newTarget) {
      note(given[0]);
      return Reflect.construct(target, given, newTarget);
    },
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key !== 'from') return value;
      // `Array.from({ length })` makes as many as the length says.
      return (...given: unknown[]): unknown => {
        const [source] = given;
        if (typeof source === 'object' && source !== null && 'length' in source) note(source.length);
        return (value as (...all: unknown[]) => unknown).apply(target, given);
      };
    },
  });
}

function note(length: unknown): void {
  if (typeof length === 'number' && length > largest) largest = length;
}
