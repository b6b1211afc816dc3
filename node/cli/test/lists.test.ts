import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Daemon, sessionFile, withDaemon, writeJson } from './daemon.ts';

const COUNT = 45;

/** Many sessions, two of them drafts. */
async function manySessions({ rig, directory, run }: Daemon): Promise<void> {
  await writeJson(directory, 'first.yaml', sessionFile('s-00'));
  assert.equal((await run('session', 'open', 'first.yaml')).exit, 0);
  for (let at = 1; at < COUNT; at++) {
    const id = `s-${String(at).padStart(2, '0')}`;
    await rig.result('session_open', { space: 'main', ...sessionFile(id, at < 3 ? { draft: true } : {}) });
  }
}

const lines = (text: string) => text.trimEnd().split('\n');

test('a page on a terminal fits it, and the next command shows what comes after the last line', async (t) => {
  await withDaemon(t, async (daemon) => {
    await manySessions(daemon);
    const seen: string[] = [];
    let args = ['session', 'list'];
    for (let pages = 0; args.length > 0 && pages < 10; pages++) {
      const { exit, out, err } = await daemon.runOnTerminal(...args);
      assert.equal(exit, 0);
      assert.ok(lines(out + err).length <= 23, out);
      for (const line of lines(out)) assert.ok(line.length <= 80, line);
      seen.push(...[...out.matchAll(/^s-\d\d/gm)].map(([id]) => id));
      args = /^Next: npx waggle (session list --cursor \S+)$/m.exec(err)?.[1]?.split(' ') ?? [];
    }
    assert.equal(seen.length, COUNT);
    assert.equal(new Set(seen).size, COUNT);
  });
});

test('options stay in the next command as they were typed', async (t) => {
  await withDaemon(t, async (daemon) => {
    await manySessions(daemon);
    const { err } = await daemon.run('session', 'list', '--limit', '5', '--status', 'active', '--rpc', daemon.rig.url);
    assert.match(err, new RegExp(`session list --status active --rpc ${daemon.rig.url} --cursor \\S+ --limit 5\\n`));
    const proposals = await daemon.run('proposal', 'list', '--session', 's-00', '--limit', '1');
    assert.match(proposals.err, /proposal list --session s-00 --cursor \S+ --limit 1\n/);
  });
});

test('--all walks every page: one object, one line an item, or one table', async (t) => {
  await withDaemon(t, async (daemon) => {
    await manySessions(daemon);
    const all = ['session', 'list', '--all', '--limit', '7'];
    const json = JSON.parse((await daemon.run(...all, '-o', 'json')).out);
    assert.equal(json.items.length, COUNT);
    assert.equal(json.next, null);
    const ndjson = lines((await daemon.run(...all, '-o', 'ndjson')).out).map((line) => JSON.parse(line));
    assert.deepEqual(ndjson, json.items);
    const table = await daemon.run(...all);
    assert.equal(lines(table.out).length, COUNT + 1);
    assert.equal(lines((await daemon.runOnTerminal(...all)).out).length, COUNT + 1);
  });
});

test('--all shows how far it is on a terminal, on a line that is gone afterwards, and nothing of it in a pipe', async (t) => {
  await withDaemon(t, async (daemon) => {
    await manySessions(daemon);
    const all = ['session', 'list', '--all', '--limit', '20', '-o', 'ndjson'];
    const shown = (await daemon.runOnTerminal(...all)).err;
    assert.match(shown, /20 read …/);
    assert.ok(shown.endsWith('\r\u001b[K'));
    assert.equal((await daemon.run(...all)).err, '');
  });
});

test('-o json is the result of the method, byte for byte in its values', async (t) => {
  await withDaemon(t, async (daemon) => {
    await manySessions(daemon);
    for (const [args, method, params] of [
      [['session', 'show', 's-00'], 'session_get', { space: 'main', session: 's-00' }],
      [['session', 'list'], 'session_list', { space: 'main', limit: 100 }],
      [['proposal', 'show', 's-00', 'pizza'], 'proposal_get', { space: 'main', session: 's-00', proposal: 'pizza' }],
      [['tally', 's-00'], 'tally_get', { space: 'main', session: 's-00' }],
      [['model', 'list'], 'model_list', { limit: 100 }],
      [['model', 'show', 'm0'], 'model_get', { model: 'm0' }],
      [['space', 'list'], 'space_list', { limit: 100 }],
      [['genesis'], 'chain_genesis', {}],
      [['chain', 'head'], 'chain_head', {}],
      [['chain', 'block', '1'], 'chain_getBlock', { height: 1 }],
      [['chain', 'chains'], 'chain_getChains', {}],
      [['status'], 'node_status', {}],
    ] as const) {
      const { out } = await daemon.run(...args, '-o', 'json');
      assert.deepEqual(JSON.parse(out), await daemon.rig.result(method, params), args.join(' '));
    }
  });
});

test('in a pipe nothing is cut, whatever its length', async (t) => {
  await withDaemon(t, async (daemon) => {
    await manySessions(daemon);
    await daemon.rig.result('ballot_submit', {
      space: 'main',
      session: 's-00',
      voter: 'm0',
      entries: [{ proposal: 'pizza', choice: 7, comment: 'x'.repeat(500) }],
    });
    const { out } = await daemon.run('ballot', 'list', 's-00');
    const [id = ''] = /^[0-9a-f]{64}/m.exec(out) ?? [];
    const shown = await daemon.run('ballot', 'get', id);
    assert.match(shown.out, /x{500}/);
    const cut = await daemon.runOnTerminal('ballot', 'list', 's-00');
    assert.match(cut.out, new RegExp(`^${id.slice(0, 12)}[0-9a-f]*…[0-9a-f]*${id.slice(-12)}`, 'm'));
  });
});
