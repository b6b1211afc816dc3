import { isRegistrableKey, keyPairFromSeed } from '../crypto/keys.ts';
import { sha256 } from '../crypto/sha256.ts';
import { isRegistrableByNoble } from '../test/crypto/noble-key.ts';

/**
 * Whether a key may be registered, by libsodium against noble, in alternating rounds.
 * `npm run bench -- key-check` (docs/decisions/006-native-point-check.md)
 */
const ROUNDS = 9;
const KEYS = 100;
const seed = process.env.WAGGLE_BENCH_SEED ?? '1';
const keys = Array.from({ length: KEYS }, (_, at) => keyPairFromSeed(sha256(Buffer.from(`${seed}/${at}`))).publicKey);

/** Microseconds a key. */
function measure(check: (key: Uint8Array) => boolean): number {
  const startMs = performance.now();
  const good = keys.filter(check).length;
  const tookMs = performance.now() - startMs;
  if (good !== KEYS) throw new Error(`${good} of ${KEYS} good keys are taken`);
  return (tookMs * 1_000) / KEYS;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const rounds = Array.from({ length: ROUNDS }, () => {
  const native = measure(isRegistrableKey);
  return { native, noble: measure(isRegistrableByNoble) };
});
const [native, noble] = [median(rounds.map((one) => one.native)), median(rounds.map((one) => one.noble))];
const ratio = median(rounds.map((one) => one.noble / one.native));
console.log(`key-check/sodium-native us=${native.toFixed(1)}`);
console.log(`key-check/noble us=${noble.toFixed(1)} ratio=${ratio.toFixed(1)}`);
