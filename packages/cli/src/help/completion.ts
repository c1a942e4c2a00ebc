/** @module Completion scripts. All three ask `strata __complete`, which reads the same table and the store. */
import type { Handler } from '../context.ts';
import { suggest } from '../parse/suggest.ts';
import { UsageError } from '../parse/usage-error.ts';

const bash = `# bash completion for strata
_strata() {
  local line=\${COMP_LINE:0:COMP_POINT} words candidate
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  COMPREPLY=()
  local current=\${words[-1]} directive=""
  while IFS=$'\\t' read -r candidate _; do
    case $candidate in
      :file) compopt -o default; return ;;
      :directory) compopt -o dirnames; return ;;
      :nospace) compopt -o nospace ;;
      ?*) COMPREPLY+=("$candidate") ;;
    esac
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  # readline replaces only what follows the last colon or equals sign.
  local cut=\${current%"\${current##*[:=]}"}
  [[ -n $cut && $COMP_WORDBREAKS == *[:=]* ]] && COMPREPLY=("\${COMPREPLY[@]#"$cut"}")
}
complete -F _strata strata
`;

const zsh = `#compdef strata
_strata() {
  local -a candidates
  local line value description
  while IFS=$'\\t' read -r value description; do
    case $value in
      :file) _files; return ;;
      :directory) _files -/; return ;;
      :*|"") ;;
      *) candidates+=("\${value//:/\\\\:}\${description:+:$description}") ;;
    esac
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe strata candidates
}
if [ "$funcstack[1]" = "_strata" ]; then _strata "$@"; else compdef _strata strata; fi
`;

const fish = `# fish completion for strata
function __strata_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l results ($program __complete -- $words 2>/dev/null)
    switch "$results[1]"
        case ':file'
            __fish_complete_path (commandline -ct)
        case ':directory'
            __fish_complete_directories (commandline -ct)
        case '*'
            string match -v ':*' -- $results
    end
end
complete -c strata -f -a '(__strata_complete)'
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };

/** `strata completion SHELL`. */
export const handler: Handler = async ({ args, command }) => {
  const shell = args[0]!;
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    const meant = suggest(shell, Object.keys(scripts));
    const hint = meant === undefined ? 'the shells are bash, zsh and fish' : `did you mean ${meant}?`;
    throw new UsageError('ARGUMENT_INVALID', `no completion for the shell "${shell}"`, { command, hint });
  }
  return { output: { kind: 'lines', lines: [script.trimEnd()] } };
};
