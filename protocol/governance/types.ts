import type { Id } from '../ids.ts';

/** Exact fraction with a positive denominator; never a float. */
export interface Fraction {
  readonly num: number;
  readonly den: number;
}

export type MethodName = 'score' | 'stance';

/** `score`: an integer 1…10. `stance`: a word. */
export type Choice =
  | { readonly method: 'score'; readonly weight: number }
  | { readonly method: 'stance'; readonly stance: 'approve' | 'reject' | 'abstain' };

/** One line of a ballot: the answer to one proposal. */
export interface Entry {
  readonly proposal: Id;
  readonly choice: Choice;
  readonly comment?: string;
  readonly veto?: string;
}

export interface ThresholdRule {
  readonly op: '>=' | '>';
  readonly percent: Fraction;
  readonly byCategory?: Readonly<Record<string, Fraction>>;
  readonly byProposal?: Readonly<Record<string, Fraction>>;
}

export interface VetoRule {
  /** A weight at or below this is low. */
  readonly maxWeight: number;
  /** Only electors of this role count, in numerator and denominator. */
  readonly role: string;
  /** Whether a low weight counts only with a veto text. Both counts are reported. */
  readonly textRequired: boolean;
  /** Share of the role's electors, in percent, from which a revision is due. */
  readonly revisionAt: number;
  /** Share from which the proposal is rejected outright. */
  readonly rejectAt: number;
}

/** Counted in voters, whatever their weight. `share` is a part of the electorate, 0 < share ≤ 1: 3/5 for 60 %. */
export type QuorumRule =
  | { readonly kind: 'votes'; readonly votes: number }
  | { readonly kind: 'share'; readonly share: Fraction };

/** How a session ends. `opener`: by operation of the opener or the admins; a deadline, if set, always closes too. */
export type CloseRule = 'deadline' | 'all-voted' | 'opener';

/** Signed into the session's open record and never changed afterwards. */
export interface SessionRule {
  readonly method: MethodName;
  /** null: the session announces none, so no proposal is approved or rejected by it. */
  readonly threshold: ThresholdRule | null;
  /** From here up to the threshold the band is `hold`, below `rejected`; percent as a fraction, e.g. 40/1. */
  readonly hold?: Fraction;
  readonly quorum?: QuorumRule;
  readonly veto?: VetoRule;
  readonly revisable: boolean;
  /** Whether a ballot must answer every proposal. */
  readonly complete: boolean;
  readonly commentRequired?: boolean;
  /** `voter`: every ballot needs the voter's own signature, whatever the registry says. */
  readonly auth?: 'voter';
  readonly close: CloseRule;
}

export interface Elector {
  readonly voter: Id;
  readonly role: string;
  readonly weight: number;
}

export interface ProposalRecord {
  readonly id: Id;
  readonly title: string;
  readonly label?: string;
  readonly category?: string;
  readonly author?: string;
  readonly body?: string;
}

export type AuthMode = 'voter' | 'operator';

/** A model in the registry. `operator` names a validator, or with `auth: voter` an observer too. */
export interface ModelRecord {
  readonly id: Id;
  readonly key?: Uint8Array;
  readonly operator: Id;
  readonly auth: AuthMode;
  readonly label?: string;
  readonly provider?: string;
  readonly role?: string;
  readonly sizeClass?: string;
  readonly aliases?: readonly string[];
}

export interface SpaceRecord {
  readonly id: Id;
  readonly title: string;
  readonly label?: string;
  /** Public keys that may open sessions here. */
  readonly openers: readonly Uint8Array[];
}

export type SessionStatus = 'draft' | 'active' | 'completed' | 'cancelled';
