import type { Stage } from '../scenarios/scenario.ts';
import type { Member } from '../voting/members.ts';

/** What one node says of everything up to a height: an answer, or that it cannot. */
type Answers = ReadonlyMap<string, string | undefined>;

const SPACE = 'main';
const PAGE = 1_000;
const BLOCKS_MAX = 60;

export interface Comparison {
  /** Answers that are not those of the other node. */
  readonly wrong: readonly string[];
  /** What the other node answers and this one does not: no lie, and a damage that is still there. */
  readonly missing: readonly string[];
}

/** Hold the answers of one node against those of another, over blocks, sessions and ballots of what both have executed. */
export async function compareAnswers(stage: Stage, name: string): Promise<Comparison> {
  const [other] = stage.members.filter((one) => one.name !== name);
  if (other === undefined) return { wrong: [], missing: [] };
  const members = [stage.member(name), other];
  const heights = await Promise.all(members.map((one) => heightOf(one)));
  const height = Math.min(...heights);
  const [own = new Map(), right = new Map()]: Answers[] = await Promise.all(
    members.map((one) => answersOf(one, height)),
  );
  const asked = [...right.keys()].filter((key) => right.get(key) !== undefined);
  return {
    wrong: asked.filter((key) => own.get(key) !== undefined && own.get(key) !== right.get(key)),
    missing: asked.filter((key) => own.get(key) === undefined),
  };
}

async function heightOf({ client }: Member): Promise<number> {
  return (await client.call<{ height: number }>('node_status')).height;
}

async function answersOf(member: Member, height: number): Promise<Answers> {
  const answers = new Map<string, string | undefined>();
  const every = Math.max(1, Math.ceil(height / BLOCKS_MAX));
  for (let at = 1; at <= height; at += every) {
    answers.set(`block ${at}`, await textOf(member, 'chain_getBlock', { height: at }, 'hash'));
  }
  const sessions = await pageOf(member, 'session_list', { space: SPACE });
  for (const { session } of sessions) {
    for (const item of await pageOf(member, 'ballot_list', { space: SPACE, session })) {
      // What was executed later on one of the two is in flux.
      if (Number(item.height) <= height) answers.set(`ballot ${item.ballot}`, JSON.stringify(item));
    }
  }
  return answers;
}

async function textOf(member: Member, method: string, params: object, field: string): Promise<string | undefined> {
  return await member.client.call<Record<string, unknown>>(method, params).then(
    (result) => JSON.stringify(result[field]),
    () => undefined,
  );
}

async function pageOf({ client }: Member, method: string, params: object): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: { items: Record<string, unknown>[]; next: string | null } | undefined = await client
      .call<{ items: Record<string, unknown>[]; next: string | null }>(method, {
        ...params,
        limit: PAGE,
        ...(cursor === null ? {} : { cursor }),
      })
      .catch(() => undefined);
    found.push(...(page?.items ?? []));
    cursor = page?.next ?? null;
    if (cursor === null) return found;
  }
}
