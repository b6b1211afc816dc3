import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { parseGenesis } from '../../protocol/genesis.ts';
import { toHex } from '../../protocol/hex.ts';
import { nearestName } from '../../protocol/nearest.ts';
import { loadConfig, resolveConfig } from '../config/config.ts';
import { parseConfigFile } from '../config/config-file.ts';
import { createHome } from '../config/create-home.ts';
import { loadIdentity } from '../config/identity.ts';
import { loadTokenHashes } from '../config/tokens.ts';
import { peerIdOf } from '../network/identity.ts';
import { homePaths } from '../storage/home.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

function factsOf(run: () => unknown): WaggleError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof WaggleError, String(error));
    return error;
  }
  return assert.fail('nothing was refused');
}

describe('config.yaml', () => {
  it('is read as it stands, and may be empty', () => {
    const text =
      'name: v0\nrpc:\n  port: 7000\n  hosts: [a.example]\np2p: {listen: [/ip4/127.0.0.1/tcp/0]}\nlog:\n  level: debug\n';
    assert.deepEqual(parseConfigFile(text), {
      name: 'v0',
      rpc: { port: 7000, hosts: ['a.example'] },
      p2p: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      log: { level: 'debug' },
    });
    assert.deepEqual(parseConfigFile(''), {});
    assert.deepEqual(parseConfigFile('# nothing\nrpc:\n'), {});
  });

  it('names the line, the column and the key that was probably meant', () => {
    const { code, facts } = factsOf(() => parseConfigFile('rpc:\n  prot: 1\n'));
    assert.equal(code, 'WAGGLE_CONFIG_KEY');
    assert.deepEqual(facts, { key: 'rpc.prot', nearest: 'port', line: 2, column: 3 });
    assert.equal(factsOf(() => parseConfigFile('colour: red\n')).facts.nearest, undefined);
  });

  it('refuses duplicate keys, broken YAML, unknown aliases and wrong kinds', () => {
    const refused: [string, string][] = [
      ['name: a\nname: b\n', 'WAGGLE_CONFIG_SYNTAX'],
      ['name: [a\n', 'WAGGLE_CONFIG_SYNTAX'],
      ['name: *a\n', 'WAGGLE_CONFIG_VALUE'],
      ['? [a]\n: b\n', 'WAGGLE_CONFIG_SYNTAX'],
      ['- a\n', 'WAGGLE_CONFIG_VALUE'],
      ['name: 7\n', 'WAGGLE_CONFIG_VALUE'],
      ['rpc: 7\n', 'WAGGLE_CONFIG_VALUE'],
      ['rpc: {port: "x"}\n', 'WAGGLE_CONFIG_VALUE'],
      ['p2p: {listen: /ip4/127.0.0.1/tcp/1}\n', 'WAGGLE_CONFIG_VALUE'],
      ['p2p: {dial: [/ip4/127.0.0.1/tcp/1]}\n', 'WAGGLE_CONFIG_VALUE'],
      ['p2p: {dial: {v1: 7}}\n', 'WAGGLE_CONFIG_VALUE'],
      ['__proto__: {}\n', 'WAGGLE_CONFIG_KEY'],
    ];
    for (const [text, code] of refused) assert.equal(factsOf(() => parseConfigFile(text)).code, code, text);
    assert.equal(factsOf(() => parseConfigFile('name: a\nname: b\n')).facts.line, 2);
  });
});

describe('configuration', () => {
  it('takes a flag before a variable before the file before the default', () => {
    const file = { name: 'file', rpc: { port: 1 }, log: { level: 'warn' } };
    const env = {
      WAGGLE_NAME: 'env',
      WAGGLE_RPC_PORT: '2',
      WAGGLE_P2P_LISTEN: '/ip4/127.0.0.1/tcp/1, /ip4/127.0.0.1/tcp/2',
    };
    const all = resolveConfig(file, { rpcPort: '3' }, env);
    assert.deepEqual([all.name, all.rpc.port, all.log.level, all.p2p.listen.length], ['env', 3, 'warn', 2]);
    assert.deepEqual([resolveConfig(file, {}, {}).name, resolveConfig(file, {}, {}).rpc.port], ['file', 1]);
    assert.equal(resolveConfig({}, {}, {}).rpc.host, '127.0.0.1');
  });

  it('binds RPC to loopback only', () => {
    for (const host of ['0.0.0.0', '10.0.0.1', '::', 'example.org', '127.example.org', '']) {
      assert.equal(factsOf(() => resolveConfig({ rpc: { host } }, {}, {})).code, 'WAGGLE_CONFIG_RPC_ADDRESS', host);
    }
    for (const host of ['127.0.0.2', '::1', 'localhost'])
      assert.equal(resolveConfig({}, { rpcHost: host }, {}).rpc.host, host);
  });

  it('keeps all blocks, or as many as it is told', () => {
    const kept = (text: string, env = {}) => resolveConfig(parseConfigFile(text), {}, env).retention.blocks;
    assert.equal(kept(''), undefined);
    assert.equal(kept('retention: {blocks: all}'), undefined);
    assert.equal(kept('retention: {blocks: 500}'), 500);
    assert.equal(kept('retention: {blocks: 500}', { WAGGLE_RETENTION_BLOCKS: '7' }), 7);
    assert.equal(kept('retention: {blocks: 500}', { WAGGLE_RETENTION_BLOCKS: 'all' }), undefined);
    for (const blocks of ['some', '-1', '1.5', '1e99', '[1]']) {
      const { code } = factsOf(() => kept(`retention: {blocks: ${blocks}}`));
      assert.equal(code, 'WAGGLE_CONFIG_VALUE', blocks);
    }
  });

  it('lets batches follow what is measured, or stay as they are', () => {
    const mode = (text: string, env = {}) => resolveConfig(parseConfigFile(text), {}, env).agent.mode;
    assert.equal(mode(''), 'adaptive');
    assert.equal(mode('agent: {mode: fixed}'), 'fixed');
    assert.equal(mode('agent: {mode: fixed}', { WAGGLE_AGENT_MODE: 'adaptive' }), 'adaptive');
    const { code, facts } = factsOf(() => mode('agent: {mode: clever}'));
    assert.deepEqual([code, facts.field], ['WAGGLE_CONFIG_VALUE', 'agent.mode']);
  });

  it('refuses values out of range', () => {
    for (const port of ['-1', '65536', '1e3', '', '1.5']) {
      assert.equal(factsOf(() => resolveConfig({}, { rpcPort: port }, {})).code, 'WAGGLE_CONFIG_VALUE', port);
    }
    assert.equal(factsOf(() => resolveConfig({}, { logLevel: 'loud' }, {})).code, 'WAGGLE_CONFIG_VALUE');
    assert.equal(factsOf(() => resolveConfig({}, { listen: ['127.0.0.1:9'] }, {})).code, 'WAGGLE_CONFIG_VALUE');
    assert.equal(factsOf(() => resolveConfig({}, { listen: [] }, {})).code, 'WAGGLE_CONFIG_VALUE');
  });

  it('takes where to dial a validator, and refuses what is no address', () => {
    const { p2p } = parseConfigFile('p2p:\n  dial:\n    v1: /ip4/127.0.0.1/tcp/7001\n    7: /ip4/127.0.0.1/tcp/7002\n');
    const { dial } = resolveConfig({ p2p: p2p ?? {} }, {}, {}).p2p;
    assert.deepEqual([...dial].sort(), [
      ['7', '/ip4/127.0.0.1/tcp/7002'],
      ['v1', '/ip4/127.0.0.1/tcp/7001'],
    ]);
    const bad = factsOf(() => resolveConfig({ p2p: { dial: { v1: '127.0.0.1:7001' } } }, {}, {}));
    assert.deepEqual([bad.code, bad.facts.field], ['WAGGLE_CONFIG_VALUE', 'p2p.dial.v1']);
  });

  it('guesses only names that are close', () => {
    assert.equal(nearestName('Origin', ['host', 'port', 'origins']), 'origins');
    assert.equal(nearestName('zzz', ['host', 'port']), undefined);
    assert.equal(nearestName('x', []), undefined);
  });
});

const SEEDS = { nodeSeed: new Uint8Array(32).fill(1), validatorSeed: new Uint8Array(32).fill(2) };
const KEY = toHex(keyPairFromSeed(SEEDS.validatorSeed).publicKey);
const GENESIS = parseGenesis({
  v: 1,
  network: 'test-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: [{ name: 'v0', key: KEY, peer: peerIdOf(SEEDS.nodeSeed), addrs: [] }],
  models: [],
  spaces: [],
  admins: { keys: [KEY], threshold: 1 },
  params: { shards: 1, viewTimerMs: 100, blockIntervalMs: 20 },
});
const HOME = { genesis: GENESIS, name: 'v0', rpcPort: 7123, listen: ['/ip4/127.0.0.1/tcp/0'], ...SEEDS };

describe('a new home', () => {
  it('holds all that a start reads, secrets for the owner only', () =>
    inTemporaryDirectory(async (directory) => {
      const paths = await createHome(directory, HOME);
      const config = await loadConfig(paths.config, {}, {});
      assert.deepEqual([config.name, config.rpc.port, config.p2p.listen], ['v0', 7123, HOME.listen]);
      const identity = await loadIdentity(paths, config.name);
      assert.deepEqual([identity.self, identity.name], [0, 'v0']);
      const hashes = await loadTokenHashes(paths.tokens);
      for (const { scope, sha256Hex } of hashes) {
        const path = join(paths.tokens, `${scope}.token`);
        const token = (await readFile(path, 'utf8')).trim();
        assert.match(token, /^[0-9a-f]{64}$/);
        assert.equal(createHash('sha256').update(token).digest('hex'), sha256Hex);
        assert.equal((await stat(path)).mode & 0o777, 0o600);
      }
      assert.deepEqual(
        hashes.map(({ scope }) => scope),
        ['operator', 'admin'],
      );
      await assert.rejects(createHome(directory, HOME), (error) => codeOf(error) === 'WAGGLE_HOME_EXISTS');
    }));

  it('is refused when its keys are not those of the roster', () =>
    inTemporaryDirectory(async (directory) => {
      const refusal = async (
        home: string,
        changed: Partial<typeof HOME>,
        name?: string,
      ): Promise<string | undefined> => {
        const paths = await createHome(join(directory, home), { ...HOME, ...changed });
        return loadIdentity(paths, name).then(
          () => undefined,
          (error: unknown) => codeOf(error),
        );
      };
      assert.equal(await refusal('a', {}), undefined);
      const strange = { validatorSeed: new Uint8Array(32).fill(9) };
      assert.equal(await refusal('b', { ...strange, nodeSeed: new Uint8Array(32).fill(8) }), 'WAGGLE_CONFIG_IDENTITY');
      assert.equal(await refusal('c', { nodeSeed: new Uint8Array(32).fill(9) }), 'WAGGLE_CONFIG_IDENTITY');
      assert.equal(await refusal('d', {}, 'v1'), 'WAGGLE_CONFIG_IDENTITY');
      const missing = loadIdentity(homePaths(join(directory, 'e')), undefined);
      await assert.rejects(missing, (error) => codeOf(error) === 'WAGGLE_GENESIS_MISSING');
    }));

  it('may have a key that came after genesis, of which only its ledger can say whether it has a seat', () =>
    inTemporaryDirectory(async (directory) => {
      const paths = await createHome(join(directory, 'f'), { ...HOME, validatorSeed: new Uint8Array(32).fill(9) });
      const { isRotated, self, name } = await loadIdentity(paths, undefined);
      assert.deepEqual({ isRotated, self, name }, { isRotated: true, self: undefined, name: 'v0' });
    }));

  it('says when its token file is not what it should be', () =>
    inTemporaryDirectory(async (directory) => {
      assert.deepEqual(await loadTokenHashes(directory), []);
      for (const text of ['{', '{}', '[{"scope":"root","sha256":""}]', '[null]']) {
        await writeFile(join(directory, 'hashes.json'), text);
        await assert.rejects(loadTokenHashes(directory), (error) => codeOf(error) === 'WAGGLE_CONFIG_TOKENS');
      }
    }));
});
