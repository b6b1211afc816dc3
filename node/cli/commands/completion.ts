import { Argument, type Command } from 'commander';
import { oneOf } from '../arguments.ts';
import { hint } from '../io.ts';
import type { CliContext } from '../program.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const INSTALL: Readonly<Record<Shell, string>> = {
  bash: 'npx waggle completion bash >> ~/.bashrc, then open a new shell',
  zsh: 'npx waggle completion zsh >> ~/.zshrc, after compinit, then open a new shell',
  fish: 'npx waggle completion fish > ~/.config/fish/completions/waggle.fish',
};

/** `waggle completion SHELL`: a script that asks this checkout for what may come next. */
export function addCompletionCommand(program: Command, { io }: CliContext): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS).argParser(oneOf('shell', SHELLS)))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('../completion/scripts.ts');
      io.out(completionScript(shell));
      hint(io, INSTALL[shell]);
    });
}
