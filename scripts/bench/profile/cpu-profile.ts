/** What V8's profiler writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of the nodes on top, one a sample, and microseconds since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** A function, or what V8 names in brackets, in its place below who called it; several profiles in one. */
export interface Frame {
  readonly name: string;
  /** Path in the repository, name of a package, `node`, or empty for what is no JavaScript. */
  readonly place: string;
  selfUs: number;
  totalUs: number;
  readonly children: Map<string, Frame>;
}

/** Time in which the thread waited is no cost. */
const WAITING = new Set(['(idle)', '(root)']);

/** All profiles as one tree. The waiting is left out; what a frame took in all is the sum of its own and its children's. */
export function mergeProfiles(profiles: readonly CpuProfile[]): Frame {
  const root: Frame = { name: 'all', place: '', selfUs: 0, totalUs: 0, children: new Map() };
  for (const profile of profiles) {
    const selfUs = selfTimes(profile);
    const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
    const first = profile.nodes[0];
    if (first !== undefined) addBelow(root, first, nodes, selfUs);
  }
  sum(root);
  return root;
}

function selfTimes({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  for (const [at, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[at] ?? 0));
  return times;
}

function addBelow(
  into: Frame,
  node: ProfileNode,
  nodes: ReadonlyMap<number, ProfileNode>,
  selfUs: ReadonlyMap<number, number>,
): void {
  for (const id of node.children ?? []) {
    const child = nodes.get(id);
    if (child === undefined || WAITING.has(child.callFrame.functionName)) continue;
    const { functionName, url } = child.callFrame;
    const [name, place] = [functionName || '(anonymous)', placeOf(url)];
    const key = `${name} ${place}`;
    let frame = into.children.get(key);
    if (frame === undefined) {
      frame = { name, place, selfUs: 0, totalUs: 0, children: new Map() };
      into.children.set(key, frame);
    }
    frame.selfUs += selfUs.get(id) ?? 0;
    addBelow(frame, child, nodes, selfUs);
  }
}

function sum(frame: Frame): number {
  frame.totalUs = frame.selfUs + [...frame.children.values()].reduce((total, child) => total + sum(child), 0);
  return frame.totalUs;
}

/** Where code lies, without the folder the repository happens to lie in. */
export function placeOf(url: string): string {
  if (url.startsWith('node:')) return 'node';
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inPackage !== undefined) return inPackage;
  return /.*\/((?:protocol|consensus|node|client|testnet)\/.*)$/.exec(url)?.[1] ?? '';
}

/** Whose code a place is: a room such as `node/storage`, a package, `node`, or V8's own work. */
export function ownerOf({ name, place }: Pick<Frame, 'name' | 'place'>): string {
  if (place === '') return name === '(garbage collector)' ? 'garbage-collector' : 'native';
  const [folder = '', room = ''] = place.split('/');
  return place.endsWith('.ts') && room !== '' && !room.endsWith('.ts') ? `${folder}/${room}` : place;
}

/** Share of the whole time each owner spent itself, largest first. */
export function selfShares(root: Frame): { readonly owner: string; readonly share: number }[] {
  const times = new Map<string, number>();
  const walk = (frame: Frame): void => {
    const owner = ownerOf(frame);
    if (frame.selfUs > 0) times.set(owner, (times.get(owner) ?? 0) + frame.selfUs);
    for (const child of frame.children.values()) walk(child);
  };
  walk(root);
  const shares = [...times].map(([owner, us]) => ({ owner, share: us / root.totalUs }));
  return shares.sort((a, b) => b.share - a.share || (a.owner < b.owner ? -1 : 1));
}
