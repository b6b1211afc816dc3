import { WaggleError } from '../../../protocol/errors.ts';
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

/**
 * `waggle keys rotate MODEL`: the next key is on the disk before the ledger hears of it, and takes the place of the
 * current one after. Broken off anywhere, both are there, the node signs with the one the registry knows, and the same
 * command goes on where it was.
 */
export async function rotateKey(
  model: string,
  options: AskOptions & PassphraseOptions,
  context: CliContext,
): Promise<void> {
  const [keystore, { generateKeyPair }, { parseId }, { toHex }] = await Promise.all([
    import('../../storage/keystore.ts'),
    import('../../../protocol/crypto/keys.ts'),
    import('../../../protocol/ids.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const client = await connect(options, context.io.env);
  const { modelKeys } = await pathsOf(client.home, context);
  const id = parseId(model);
  const { current, next } = keystore.modelKeyPaths(modelKeys, id);
  const held = await keystore.keyFacts(current);
  if (held === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: current });
  if ((await keystore.keyFacts(next)) === undefined) {
    const lock = held.encrypted ? await lockForSealedKeys(options) : undefined;
    // Under the passphrase of the current key, or not at all.
    await keystore.loadKey(current, lock);
    await keystore.saveNewKey(next, generateKeyPair(), lock);
  }
  const key = toHex((await keystore.keyFacts(next))?.publicKey ?? new Uint8Array());
  const { key: registered } = await client.call<ModelResult>('model_get', { model });
  if (registered !== key) {
    if (registered !== toHex(held.publicKey)) {
      throw usage(`the registry has another key for ${model} than this home`, `waggle model show ${model}`);
    }
    await write<OperationResult>(client, context.io, 'model_update', { id: model, key });
  }
  await keystore.promoteNextKey(modelKeys, id);
  emit(context.io, options.output, { name: model, key }, () => ({
    title: `${model} has a new key`,
    columns: [{ name: 'model' }, { name: 'public key' }],
    rows: [[model, key]],
    next: `waggle model show ${model}${client.flags}`,
  }));
}

/** `waggle keys revoke MODEL`: on the ledger. The file stays, for what it signed. */
export async function revokeKey(
  model: string,
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
