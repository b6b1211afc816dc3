/** A fact that says where or why: small, printable, never a secret. */
export type Fact = string | number | boolean | bigint | null | undefined;

/**
 * The one error of Waggle: a stable code and the facts that belong to it.
 * Callers match on `code`; the message is for people and logs only.
 */
export class WaggleError extends Error {
  readonly code: string;
  readonly facts: Readonly<Record<string, Fact>>;

  constructor(code: string, facts: Readonly<Record<string, Fact>> = {}) {
    super(describe(code, facts));
    this.name = 'WaggleError';
    this.code = code;
    this.facts = facts;
  }
}

function describe(code: string, facts: Readonly<Record<string, Fact>>): string {
  const parts = Object.entries(facts).map(([name, value]) => `${name}=${String(value)}`);
  return parts.length === 0 ? code : `${code} ${parts.join(' ')}`;
}

/** The code of any thrown value, or undefined when it is not ours. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof WaggleError ? error.code : undefined;
}
