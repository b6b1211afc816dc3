import { WaggleError } from '../../../protocol/errors.ts';
import type { Shot } from './world.ts';

/** Ballots of one node that leave in one request. */
interface Volley {
  readonly member: Shot['member'];
  readonly shots: readonly Shot[];
}

const METHOD = 'ballot_submit';
/** Of Workload W: ballots a request, and requests under way in the closed loops. */
export const BATCH = 100;
export const LANES = 16;

/** Requests of up to `size` ballots, dealt so that consecutive ones go to different nodes. */
export function volleys(shots: readonly Shot[], size: number): Volley[] {
  const byMember = new Map<Shot['member'], Shot[]>();
  for (const shot of shots) byMember.set(shot.member, [...(byMember.get(shot.member) ?? []), shot]);
  const queues = [...byMember].map(([member, own]) => ({ member, own }));
  const dealt: Volley[] = [];
  for (let at = 0; queues.some(({ own }) => at < own.length); at += size) {
    for (const { member, own } of queues) {
      if (at < own.length) dealt.push({ member, shots: own.slice(at, at + size) });
    }
  }
  return dealt;
}

/** Send a volley and wait until all of it is final. Refused for now (a full pool): again. @returns milliseconds to final */
async function send({ member, shots }: Volley): Promise<number> {
  const startedMs = performance.now();
  let calls = shots.map(({ params }) => ({ method: METHOD, params }));
  while (calls.length > 0) {
    const answers = await member.client.batch<object>(calls);
    const refused = answers.flatMap((answer, at) =>
      answer instanceof WaggleError ? [{ answer, call: calls[at] }] : [],
    );
    for (const { answer } of refused) if (answer.facts.retryable !== true) throw answer;
    calls = refused.flatMap(({ call }) => (call === undefined ? [] : [call]));
  }
  return performance.now() - startedMs;
}

/** Closed loop: `lanes` requests under way at any time. @returns the milliseconds of each request */
export async function closedLoop(all: readonly Volley[], lanes: number): Promise<number[]> {
  return (await timedLoop(all, lanes, Number.POSITIVE_INFINITY)).latencies;
}

/** The same, with no request begun after `forMsMax`. @returns also the ballots that were sent */
export async function timedLoop(
  all: readonly Volley[],
  lanes: number,
  forMsMax: number,
): Promise<{ readonly latencies: number[]; readonly ballots: number }> {
  const latencies: number[] = [];
  const endMs = performance.now() + forMsMax;
  let [next, ballots] = [0, 0];
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const volley = all[next++];
      if (volley === undefined) return;
      ballots += volley.shots.length;
      latencies.push(await send(volley));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { latencies, ballots };
}

/** Open loop: requests leave at a steady rate whatever becomes of those before. @returns the milliseconds of each */
export async function openLoop(all: readonly Volley[], requestsPerS: number): Promise<number[]> {
  const startedMs = performance.now();
  const sent: Promise<number>[] = [];
  for (const [at, volley] of all.entries()) {
    const waitMs = startedMs + (at * 1_000) / requestsPerS - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    sent.push(send(volley));
  }
  return Promise.all(sent);
}
