import { type Logger, pino } from 'pino';
import { build } from 'pino-pretty';
import type { LogLevel } from './config.ts';

/** JSON lines on stderr, one object an event with its dotted name in `event`; readable lines on a terminal. */
export function createLog(level: LogLevel, isTerminal: boolean): Logger {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  if (!isTerminal) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(
    options,
    build({
      destination: 2,
      sync: true,
      messageFormat: '{event}',
      ignore: 'event',
      singleLine: true,
      colorize: process.env.NO_COLOR === undefined,
    }),
  );
}
