import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const FOLDER = resolve(import.meta.dirname, '..');

/** What a page would import: the client, its keys and its errors. */
const ENTRY = `
export { connect } from './client.ts';
export { WaggleClientError } from './errors.ts';
export { voterKey } from './keys.ts';
export { encodeSignedBallot } from '../protocol/governance/ballot.ts';
`;

export interface Bundle {
  /** A classic script that leaves the exports in the global `Waggle`. */
  readonly code: string;
  readonly gzipBytes: number;
  /** Files that went into it, from the root of the repository. */
  readonly inputs: readonly string[];
}

/** The client as a browser gets it. Fails where anything needs a package or module that browsers do not have. */
export async function bundleForBrowser(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: ENTRY, resolveDir: FOLDER, loader: 'ts' },
    absWorkingDir: resolve(FOLDER, '..'),
    bundle: true,
    format: 'iife',
    globalName: 'Waggle',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text ?? '';
  return { code, gzipBytes: gzipSync(code, { level: 9 }).length, inputs: Object.keys(metafile.inputs) };
}
