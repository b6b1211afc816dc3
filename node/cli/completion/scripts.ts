import { join } from 'node:path';
import process from 'node:process';
import { shellWord } from '../typed-command.ts';

const BIN = join(import.meta.dirname, '..', '..', '..', 'bin', 'waggle.mjs');

/**
 * The script that a shell reads. It holds no command of ours: at every Tab it asks `waggle __complete`, so that it never
 * grows old, and is silent when that fails. `npx waggle …` is completed too where nothing else completes npx.
 */
export function completionScript(shell: 'bash' | 'zsh' | 'fish'): string {
  const ask = `${shellWord(process.execPath)} ${shellWord(BIN)} __complete ${shell}`;
  return { bash, zsh, fish }[shell](ask);
}

/** Words come to bash split at "=", and so must the answers be. */
function bash(ask: string): string {
  return `# completion of waggle for bash
_waggle_complete() {
  local line
  local -a words=("\${COMP_WORDS[@]:$1:$((COMP_CWORD - $1 + 1))}")
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files) compopt -o default 2>/dev/null ;;
      :dirs) compopt -o dirnames 2>/dev/null ;;
      :nospace) compopt -o nospace 2>/dev/null ;;
      ?*) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(${ask} -- "\${words[@]}" 2>/dev/null)
}
_waggle() { _waggle_complete 1; }
_waggle_npx() {
  if [ "\${COMP_WORDS[1]}" = waggle ] && [ "$COMP_CWORD" -gt 1 ]; then _waggle_complete 2; else compopt -o default; fi
}
complete -F _waggle waggle
complete -p npx >/dev/null 2>&1 || complete -F _waggle_npx npx
`;
}

function zsh(ask: string): string {
  return `#compdef waggle
# completion of waggle for zsh
_waggle_complete() {
  local line
  local -a found spaced
  for line in "\${(@f)$(${ask} -- "\${(@)words[$1,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      :files) _files ;;
      :dirs) _files -/ ;;
      :nospace) spaced=(-S '') ;;
      ?*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( \${#found} )) && _describe -t waggle waggle found $spaced
}
_waggle() { _waggle_complete 2 }
_waggle_npx() {
  if [[ $words[2] == waggle && $CURRENT -gt 2 ]]; then _waggle_complete 3; else _default; fi
}
if whence compdef >/dev/null; then
  compdef _waggle waggle
  [[ -n "\${_comps[npx]}" ]] || compdef _waggle_npx npx
fi
`;
}

function fish(ask: string): string {
  return `# completion of waggle for fish
function __waggle_complete
    set -l words (commandline -opc) (commandline -ct)
    test $words[1] = npx; and set -e words[1]
    set -e words[1]
    for line in (${ask} -- $words 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :dirs
                __fish_complete_directories (commandline -ct)
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c waggle -f -a '(__waggle_complete)'
complete -c npx -n '__fish_seen_subcommand_from waggle' -f -a '(__waggle_complete)'
`;
}
