import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { encodeSignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import { fromHex, toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import { type Bundle, bundleForBrowser } from './bundle.ts';

const CHROMIUM = '/usr/bin/chromium';
const GZIP_BYTES_MAX = 24 * 1024;
const TIME_MS = Date.UTC(2026, 0, 1);

/** Signs in the bundle what `expected` signs with the node's own code and library. */
const SCRIPT = `(async () => {
  const key = Waggle.voterKey(new Uint8Array(32).fill(5));
  const client = Waggle.connect({ urls: ['http://127.0.0.1:1/'], chain: '${'ab'.repeat(32)}' });
  const signed = await client.sign({
    space: 'main', session: 's', voter: 'v', key, previous: null, timeMs: ${TIME_MS}, notAfterMs: ${TIME_MS + 60_000},
    entries: [{ proposal: 'b', choice: 3, comment: 'grün \u{1f41d}' }, { proposal: 'a', choice: 10, veto: 'no' }],
  });
  const bytes = Waggle.encodeSignedBallot(signed);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
})()`;

let bundle: Bundle;

before(async () => {
  bundle = await bundleForBrowser();
});

function expected(): string {
  const entries = [
    { proposal: parseId('a'), choice: { method: 'score', weight: 10 } as const, veto: 'no' },
    { proposal: parseId('b'), choice: { method: 'score', weight: 3 } as const, comment: 'grün \u{1f41d}' },
  ];
  const names = { space: parseId('main'), session: parseId('s'), voter: parseId('v') };
  const times = { timeMs: TIME_MS, notAfterMs: TIME_MS + 60_000 };
  const ballot = { chain: fromHex('ab'.repeat(32)), ...names, previous: undefined, ...times, entries };
  return toHex(encodeSignedBallot(signBallot(ballot, keyPairFromSeed(new Uint8Array(32).fill(5)).sign)));
}

test('the bundle holds nothing of Node, nothing native and nothing of node/, and is small', (t) => {
  const { inputs, gzipBytes, code } = bundle;
  t.diagnostic(`bundle for browsers: ${gzipBytes} bytes gzipped, ${code.length} minified, ${inputs.length} files`);
  for (const input of inputs) {
    assert.match(input, /^(?:client|protocol)\/|^node_modules\/@noble\/(?:ed25519|hashes)\/|^<stdin>$/);
  }
  assert.ok(inputs.includes('protocol/crypto/sha256-portable.ts'));
  assert.ok(gzipBytes < GZIP_BYTES_MAX, String(gzipBytes));
});

test('with web globals alone it builds and signs the same bytes as the node', async () => {
  const web = {
    TextEncoder,
    TextDecoder,
    URL,
    AbortController,
    AbortSignal,
    setTimeout,
    clearTimeout,
    fetch,
    WebSocket,
    crypto,
  };
  const context = createContext(
    { ...web, Event, EventTarget, console },
    { codeGeneration: { strings: false, wasm: false } },
  );
  runInContext(bundle.code, context);
  assert.equal(runInContext('typeof process + typeof Buffer + typeof require', context), 'undefinedundefinedundefined');
  assert.equal(await runInContext(SCRIPT, context), expected());
});

test('in Chromium it builds and signs the same bytes', {
  skip: existsSync(CHROMIUM) ? false : `no ${CHROMIUM}`,
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-browser-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const page = join(folder, 'page.html');
  const show = `${SCRIPT}.then((hex) => { document.body.textContent = hex; }, (error) => { document.body.textContent = error; });`;
  writeFileSync(page, `<!doctype html><meta charset="utf-8"><body></body><script>${bundle.code}\n${show}</script>`);
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--virtual-time-budget=5000',
    `--user-data-dir=${folder}/profile`,
  ];
  const { stdout } = spawnSync(CHROMIUM, [...flags, '--dump-dom', `file://${page}`], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.ok(stdout.includes(`<body>${expected()}</body>`), stdout.slice(0, 500));
});
