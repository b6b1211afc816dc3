import { WaggleError } from '../../../protocol/errors.ts';
import type { Id } from '../../../protocol/ids.ts';
import { usage } from '../arguments.ts';
import type { AskOptions } from '../command-options.ts';
import { write } from '../finality.ts';
import { pathsOf } from '../home-keys.ts';
import { emit } from '../output.ts';
import { lockForSealedKeys, type PassphraseOptions } from '../passphrase.ts';
import type { CliContext } from '../program.ts';
import { askLine, canAsk } from '../prompt.ts';
import type { ModelResult, OperationResult } from '../rpc-shapes.ts';
import { connect } from '../target.ts';

type Keystore = typeof import('../../storage/keystore.ts');

/**
 * `waggle keys rotate MODEL`: the next key is on the disk, and opens, before the ledger hears of it, and takes the place of
 * the current one after. Broken off anywhere, both are there, the node signs with the one the registry knows, and the same
 * command goes on where it was.
 */
export async function rotateKey(
  model: Id,
  options: AskOptions & PassphraseOptions,
  context: CliContext,
): Promise<void> {
  const [keystore, { toHex }] = await Promise.all([
    import('../../storage/keystore.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const client = await connect(options, context.io.env);
  const { modelKeys } = await pathsOf(client.home, context);
  const held = await heldKeys(keystore, modelKeys, model);
  const lock = held.encrypted ? await lockForSealedKeys(options) : undefined;
  // Under the passphrase of the current key, or not at all.
  await keystore.loadKey(held.path, keystore.modelSubject(model), lock);
  const registered = (await client.call<ModelResult>('model_get', { model })).key;
  const before = toHex(held.publicKey);
  if (registered !== before && registered !== (held.next && toHex(held.next))) {
    const what = registered === undefined ? 'no key' : 'another key than this home';
    throw usage(`the registry has ${what} for ${model}`, `waggle model show ${model}${client.flags}`);
  }
  const next = await keystore.prepareNextKey(modelKeys, model, lock);
  const key = toHex(next.publicKey);
  if (registered !== key) await write<OperationResult>(client, context.io, 'model_update', { id: model, key });
  await keystore.promoteNextKey(modelKeys, model, next.publicKey);
  emit(context.io, options.output, { name: model, key }, () => ({
    title: `${model} has a new key`,
    columns: [{ name: 'model' }, { name: 'public key' }],
    rows: [[model, key]],
    next: `waggle model show ${model}${client.flags}`,
  }));
}

/** What the files of a model say; sealed when either is. @throws WaggleError WAGGLE_KEY_MISSING {path} */
async function heldKeys(keystore: Keystore, modelKeys: string, model: Id) {
  const { current, next } = keystore.modelKeyPaths(modelKeys, model);
  const facts = await keystore.keyFacts(current);
  if (facts === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: current });
  const waiting = await keystore.keyFacts(next);
  const encrypted = facts.encrypted || waiting?.encrypted === true;
  return { path: current, publicKey: facts.publicKey, next: waiting?.publicKey, encrypted };
}

/** `waggle keys revoke MODEL`: on the ledger. The file stays, for what it signed. */
export async function revokeKey(
  model: Id,
  options: AskOptions & { readonly yes?: boolean },
  context: CliContext,
): Promise<void> {
  if (options.yes !== true) await confirm(model);
  const client = await connect(options, context.io.env);
  const result = await write<OperationResult>(client, context.io, 'model_update', { id: model, key: null });
  emit(context.io, options.output, result, () => ({
    title: `the key of ${model} is revoked`,
    columns: [],
    rows: [],
    next: `waggle model show ${model}${client.flags}`,
  }));
}

async function confirm(model: string): Promise<void> {
  if (!canAsk()) {
    throw usage('a revoked key never comes back: --yes says that it is meant', `waggle keys revoke ${model} --yes`);
  }
  const typed = await askLine(`A revoked key never comes back. Type ${model} to revoke it: `);
  if (typed?.trim() !== model) throw usage('nothing was revoked', `waggle model show ${model}`);
}
