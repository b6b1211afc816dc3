import { type Logger, pino } from 'pino';
import type { LogLevel } from './config.ts';

/** JSON lines on stderr, one object an event with its dotted name in `event`; readable lines on a terminal, by what is only loaded for one. */
export async function createLog(level: LogLevel, isTerminal: boolean): Promise<Logger> {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  if (!isTerminal) return pino(options, pino.destination({ dest: 2, sync: true }));
  const { build } = await import('pino-pretty');
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
