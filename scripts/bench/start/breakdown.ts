/** A line of the demonstration on stderr, and when it came: milliseconds since `npm start`. */
export interface SaidLine {
  readonly atMs: number;
  readonly text: string;
}

/** Where a cold start spends its time, in milliseconds. Each ends where the next begins; together they are the whole. */
export interface Breakdown {
  /** npm, the launcher, and loading the modules of the command. */
  readonly loading: number;
  /** Keys, genesis and homes of four nodes. */
  readonly init: number;
  /** Four processes from their start until each of them is ready. */
  readonly processes: number;
  /** Registering the models. */
  readonly registry: number;
  /** Opening the session. */
  readonly session: number;
  /** From there to the first final ballot. */
  readonly ballot: number;
}

const MARKS = {
  making: /^making a network/,
  ready: /is ready at height/,
  registered: /models are registered/,
  open: /^session .* is open/,
  final: /final after/,
} as const;

/**
 * `spawnedMs`: when the first process was started.
 * @throws Error a line that ends a part never came
 */
export function breakdownOf(lines: readonly SaidLine[], spawnedMs: number): Breakdown {
  const first = (name: keyof typeof MARKS): number =>
    found(
      name,
      lines.find(({ text }) => MARKS[name].test(text)),
    );
  const allReady = found(
    'ready',
    lines.findLast(({ text }) => MARKS.ready.test(text)),
  );
  const [making, registered, open, final] = [first('making'), first('registered'), first('open'), first('final')];
  return {
    loading: making,
    init: spawnedMs - making,
    processes: allReady - spawnedMs,
    registry: registered - allReady,
    session: open - registered,
    ballot: final - open,
  };
}

function found(name: string, line: SaidLine | undefined): number {
  if (line === undefined) throw new Error(`the demonstration never said the line for ${name}`);
  return line.atMs;
}

/** From `npm start` to the first final ballot. */
export function wholeMs(parts: Breakdown): number {
  return Object.values(parts).reduce((sum: number, ms: number) => sum + ms, 0);
}
