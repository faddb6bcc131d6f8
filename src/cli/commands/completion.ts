import { defineCommand, exactly } from '../command.ts';
import { Exit } from '../errors.ts';

const BASH = `# bash completion for berth: source <(berth completion bash)
_berth() {
  local IFS=$'\\n' word line
  local -a words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  # bash splits words at '=' and ':'; berth wants them whole.
  if type _get_comp_words_by_ref >/dev/null 2>&1; then
    local cur prev cword
    _get_comp_words_by_ref -n =: -w words -c cur -i cword
    words=("\${words[@]:1:cword}")
  else
    local cur="\${COMP_WORDS[COMP_CWORD]}"
  fi
  COMPREPLY=()
  for line in $(berth __complete -- "\${words[@]}" 2>/dev/null); do
    if [ "$line" = ':files' ]; then
      compopt -o default
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done
  type __ltrim_colon_completions >/dev/null 2>&1 && __ltrim_colon_completions "$cur"
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace
  return 0
}
complete -F _berth berth
`;

const ZSH = `#compdef berth
# zsh completion for berth: source <(berth completion zsh), or save it as _berth in a directory of $fpath
_berth() {
  local -a lines described
  local line
  lines=("\${(@f)$(berth __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    if [[ $line == ':files' ]]; then
      _files
    elif [[ -n $line ]]; then
      described+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${(M)line:#*$'\\t'*}:+:\${line#*$'\\t'}}")
    fi
  done
  (( $#described )) && _describe -V berth described
}
(( $+functions[compdef] )) && compdef _berth berth
[ "$funcstack[1]" = '_berth' ] && _berth "$@"
true
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH };

export const command = defineCommand({
  usage: 'bash|zsh',
  details:
    'bash:  echo \'source <(berth completion bash)\' >> ~/.bashrc\nzsh:   berth completion zsh > "${fpath[1]}/_berth"',
  args: exactly(1),
  flags: {},
  async run({ out }, { args: [shell = ''] }) {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined)
      throw new Exit(1, `unknown shell: ${shell} (there are scripts for bash and zsh)`, { hint: true });
    out.write(script);
  },
});
