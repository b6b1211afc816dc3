import { codeOf, WaggleError } from '../../../protocol/errors.ts';
import type { Id } from '../../../protocol/ids.ts';
import { EXIT } from '../exit-codes.ts';
import { homeFlag, type KeyOptions, keyPlaces, pathsOf } from '../home-keys.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import { createRpcClient } from '../rpc-client.ts';
import type { ModelResult } from '../rpc-shapes.ts';
import { findTarget } from '../target.ts';

/** What the registry of the network says of a model whose key is here. */
interface RegistryView {
  /** `same`: this key; `next`: that of a rotation to be finished; `other`; `none`: registered without a key. */
  readonly key: 'same' | 'next' | 'other' | 'none' | 'unregistered';
  readonly operator?: string;
}

export interface KeyResult {
  /** Model id, or `node`, `validator`, `operator`. */
  readonly name: string;
  readonly kind: 'node' | 'model';
  /** Public key, hex; null where the file cannot be read. */
  readonly key: string | null;
  readonly encrypted: boolean;
  /** The code of why the key cannot be used, as far as it can be seen without opening it. */
  readonly fault?: string;
  /** Of a model, where the daemon of this home answers. */
  readonly registry?: RegistryView;
}

/** A list must not wait for a daemon that hangs. */
const ASK_MS = 2_000;
/** Half of what a batch may hold. */
const BATCH = 50;

type NextKeyOf = (model: string) => Promise<string | undefined>;

/** `waggle keys list`: what is in the home, and beside it what the registry knows, where the daemon of the home answers. */
export async function listKeys(options: KeyOptions, context: CliContext): Promise<void> {
  const [{ keyFacts, modelKeyPaths }, { toHex }] = await Promise.all([
    import('../../storage/keystore.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const paths = await pathsOf(options.home, context);
  const found: KeyResult[] = [];
  for (const { name, kind, path, subject } of await keyPlaces(paths)) {
    const facts = await keyFacts(path).catch(faultOf);
    if (facts === undefined) continue;
    if (typeof facts === 'string') found.push({ name, kind, key: null, encrypted: false, fault: facts });
    else {
      const isRenamed = facts.subject !== undefined && facts.subject !== subject;
      const fault = isRenamed ? { fault: 'WAGGLE_KEY_SUBJECT' } : {};
      found.push({ name, kind, key: toHex(facts.publicKey), encrypted: facts.encrypted, ...fault });
    }
  }
  const nextKeyOf = async (name: string): Promise<string | undefined> => {
    const facts = await keyFacts(modelKeyPaths(paths.modelKeys, name as Id).next);
    return facts && toHex(facts.publicKey);
  };
  const views = await registryViews(found, paths.directory, context, nextKeyOf);
  const keys = found.map((key) => {
    const registry = views?.get(key.name);
    return registry === undefined || key.kind === 'node' ? key : { ...key, registry };
  });
  emit(context.io, options.output, keys, () => screenOf(keys, views !== undefined, homeFlag(options)), keys);
  if (keys.some(({ fault }) => fault !== undefined)) context.result.exit = EXIT.configuration;
}

/** One damaged file hides no other key. */
function faultOf(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) throw error;
  return code;
}

function screenOf(keys: readonly KeyResult[], wasAsked: boolean, flag: string) {
  const { fault } = keys.find((one) => one.fault !== undefined) ?? {};
  const notes = keys.length === 0 ? ['no keys here'] : [];
  if (!wasAsked && keys.some(({ kind }) => kind === 'model')) notes.push('the daemon of this home does not answer');
  for (const { name, fault } of keys) {
    if (fault !== undefined) notes.push(`the key of ${name} cannot be used (${fault})`);
  }
  const columns = ['name', 'kind', 'sealed', ...(wasAsked ? ['registry', 'operator'] : []), 'public key'];
  return {
    columns: columns.map((name) => ({ name })),
    rows: keys.map(({ name, kind, key, encrypted, registry }) => [
      name,
      kind,
      encrypted ? 'yes' : 'no',
      ...(wasAsked ? [registry === undefined ? '-' : WORDS[registry.key], registry?.operator ?? '-'] : []),
      key ?? '-',
    ]),
    notes,
    next: fault === undefined ? `waggle keys new MODEL${flag}` : `waggle explain ${fault}`,
  };
}

const WORDS = {
  same: 'this key',
  next: 'its next key',
  other: 'another key',
  none: 'no key',
  unregistered: 'not registered',
} as const;

/** By model; undefined where no daemon answers: the keys are listed all the same. */
async function registryViews(
  found: readonly KeyResult[],
  home: string,
  { io }: CliContext,
  nextKeyOf: NextKeyOf,
): Promise<ReadonlyMap<string, RegistryView> | undefined> {
  const models = found.filter(({ kind }) => kind === 'model');
  const views = new Map<string, RegistryView>();
  try {
    const { url, token } = await findTarget({ home }, io.env);
    const client = createRpcClient({ url, timeoutMs: ASK_MS, attempts: 1, ...(token === undefined ? {} : { token }) });
    for (let at = 0; at < models.length; at += BATCH) {
      const some = models.slice(at, at + BATCH);
      const calls = some.map(({ name }) => ({ method: 'model_get', params: { model: name } }));
      const answers = await client.batch<ModelResult>(calls);
      for (const [place, model] of some.entries())
        views.set(model.name, await viewOf(model, answers[place], nextKeyOf));
    }
    return views;
  } catch (error) {
    if (/^WAGGLE_(?:RPC|CLI|CONFIG|GENESIS)_/.test(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** @throws WaggleError what the daemon refuses, but for a model it does not know */
async function viewOf(
  { name, key }: KeyResult,
  answer: ModelResult | WaggleError | undefined,
  nextKeyOf: NextKeyOf,
): Promise<RegistryView> {
  if (answer === undefined) return { key: 'unregistered' };
  if (answer instanceof WaggleError) {
    if (answer.facts.type === 'model.unknown') return { key: 'unregistered' };
    throw answer;
  }
  const { operator } = answer;
  if (answer.key === undefined) return { key: 'none', operator };
  if (answer.key === key) return { key: 'same', operator };
  return { key: answer.key === (await nextKeyOf(name)) ? 'next' : 'other', operator };
}
