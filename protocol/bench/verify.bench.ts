import { createPublicKey, type KeyObject, verify as verifyByNode } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type KeyPair, keyPairFromSeed } from '../crypto/keys.ts';
import { sha256 } from '../crypto/sha256.ts';
import { verify } from '../crypto/verify.ts';

/**
 * One ed25519 check by the engine in use against node:crypto's, key object cached and made anew each time. Rounds of the
 * engines alternate, so that a busy machine slows both; the ratio is the median over the rounds.
 * `npm run bench -- verify [--rounds N] [--checks N]` (docs/decisions/002-signature-engine.md)
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, checks: { type: 'string', default: '1000' } },
});
const rounds = Number(values.rounds);
const checks = Number(values.checks);
const seed = Number(process.env.WAGGLE_BENCH_SEED ?? 1);
/** What is signed is always a tagged hash. */
const MESSAGE_BYTES = 32;
/** DER of an ed25519 public key up to its 32 bytes. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

type Case = { pair: KeyPair; key: KeyObject; message: Uint8Array; signature: Uint8Array };
type Engine = { name: string; check: (one: Case) => boolean };

const ENGINES: readonly Engine[] = [
  { name: 'sodium-native', check: ({ pair, message, signature }) => verify(pair.publicKey, message, signature) },
  { name: 'node-crypto', check: ({ key, message, signature }) => verifyByNode(null, message, key, signature) },
  {
    name: 'node-crypto-import',
    check: ({ pair, message, signature }) => verifyByNode(null, message, keyObjectOf(pair.publicKey), signature),
  },
];

function keyObjectOf(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, publicKey]), format: 'der', type: 'spki' });
}

function makeCases(count: number): Case[] {
  const bytes = (word: string, index: number) => sha256(new TextEncoder().encode(`${word}/${seed}/${index}`));
  return Array.from({ length: count }, (_, index) => {
    const pair = keyPairFromSeed(bytes('key', index % 16));
    const message = bytes('message', index).subarray(0, MESSAGE_BYTES);
    return { pair, key: keyObjectOf(pair.publicKey), message, signature: pair.sign(message) };
  });
}

/** Microseconds a check. */
function measure({ name, check }: Engine, cases: readonly Case[]): number {
  const startMs = performance.now();
  let valid = 0;
  for (const one of cases) if (check(one)) valid++;
  const tookMs = performance.now() - startMs;
  if (valid !== cases.length) throw new Error(`${name} accepts ${valid} of ${cases.length} good signatures`);
  return (tookMs * 1000) / cases.length;
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const cases = makeCases(checks);
for (const engine of ENGINES) measure(engine, cases);
const timesUs = new Map(ENGINES.map(({ name }) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++) {
  for (const engine of ENGINES) timesUs.get(engine.name)?.push(measure(engine, cases));
}
const ours = timesUs.get('sodium-native') ?? [];
for (const [name, list] of timesUs) {
  const ratio = median(list.map((us, round) => us / (ours[round] ?? us)));
  console.log(
    `verify/one engine=${name} rounds=${rounds} n=${checks} p50Us=${median(list).toFixed(1)} timesSodium=${ratio.toFixed(2)}`,
  );
}
