import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import { TokenFile } from '../config/token-file.ts';
import { createTokenVerifier, type Scope } from '../rpc/tokens.ts';
import { within } from './harness/deadline.ts';
import { OPERATOR, openSocket, sessionParams, startRig } from './harness/rpc-client.ts';

const DEADLINE_MS = 10_000;
const LOOK_AGAIN_MS = 1_000;
const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');
const line = (token: string, scope: Scope) => ({ scope, sha256: sha256(token) });

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'waggle-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function openFile(t: TestContext) {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'hashes.json');
  const write = (value: unknown) => writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  await write([line('one', 'operator'), line('two', 'admin')]);
  const faults: string[] = [];
  let nowMs = 0;
  const file = await TokenFile.open(directory, { monotonicMs: () => nowMs, onFault: (reason) => faults.push(reason) });
  const verify = createTokenVerifier(() => file.current());
  const later = () => {
    nowMs += LOOK_AGAIN_MS;
  };
  return { path, write, faults, verify, later, file };
}

test('a token taken back, given or changed holds within a second', async (t) => {
  const { write, verify, later, file } = await openFile(t);
  assert.deepEqual([verify('one'), verify('two'), verify('three')], ['operator', 'admin', undefined]);
  await write([line('two', 'operator'), line('three', 'admin')]);
  assert.deepEqual([verify('one'), verify('three')], ['operator', undefined], 'not looked at yet');
  later();
  assert.deepEqual([verify('one'), verify('two'), verify('three')], [undefined, 'operator', 'admin']);
  const list = file.current();
  later();
  assert.equal(file.current(), list, 'the same file is the same list');
});

test('a file that is gone, broken or unreadable lets nobody in, and comes back', async (t) => {
  const { path, write, faults, verify, later } = await openFile(t);
  const good = [line('one', 'operator')];
  const broken = ['', '{', '[{"scope":"root","sha256":"00"}]', '{"scope":"operator"}'];
  for (const text of broken) {
    await write(text);
    later();
    assert.equal(verify('one'), undefined, text);
    later();
    assert.equal(verify('one'), undefined);
    await write(good);
    later();
    assert.equal(verify('one'), 'operator');
  }
  assert.deepEqual(faults, ['form', 'form', 'form', 'form'], 'each told once');
  await rm(path);
  later();
  assert.equal(verify('one'), undefined);
  assert.equal(faults.length, broken.length, 'none is as good as an empty list');
  await write(good);
  later();
  assert.equal(verify('one'), 'operator');
});

test('at its start a node refuses a broken file', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'hashes.json'), '{');
  await assert.rejects(TokenFile.open(directory), (error) => codeOf(error) === 'WAGGLE_CONFIG_TOKENS');
});

test('an open WebSocket loses its rights with its token at its next call', async (t) => {
  let scope: Scope | undefined = 'operator';
  const rig = await startRig(t, {
    tokens: (token) => (token === OPERATOR ? scope : undefined),
    limits: { tokenCheckMs: 3_600_000 },
  });
  const headers = { authorization: `Bearer ${OPERATOR}` };
  const socket = await openSocket(t, rig, headers);
  const write = (session: string) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'session_open', params: sessionParams({ session }) });
  socket.send(write('s1'));
  assert.equal((await socket.next()).error, undefined);
  scope = undefined;
  socket.send(write('s2'));
  assert.equal((await socket.next()).error?.code, -32001);
  assert.equal((await rig.refused('session_open', sessionParams({ session: 's3' }))).code, -32001);
  assert.equal(rig.api.submitted.length, 1);
});

test('what a token subscribed to ends with it', async (t) => {
  let scope: Scope | undefined = 'admin';
  const rig = await startRig(t, {
    tokens: (token) => (token === OPERATOR ? scope : undefined),
    limits: { tokenCheckMs: 20 },
  });
  const socket = await openSocket(t, rig, { authorization: `Bearer ${OPERATOR}` });
  const without = await openSocket(t, rig);
  socket.send('{"jsonrpc":"2.0","id":1,"method":"sub_subscribe","params":["head"]}');
  assert.ok((await socket.next()).result);
  scope = 'operator';
  socket.send('{"jsonrpc":"2.0","id":2,"method":"chain_head"}');
  assert.ok((await socket.next()).result, 'less is not nothing');
  const closed = once(socket.socket, 'close');
  scope = undefined;
  assert.equal((await within(DEADLINE_MS, closed, 'the connection is closed'))[0], 1008);
  without.send('{"jsonrpc":"2.0","id":1,"method":"chain_head"}');
  assert.ok((await without.next()).result, 'who had no token keeps its connection');
});
