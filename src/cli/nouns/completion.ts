/** `hone completion`: a script for the shell, written from the commands that there are. Names of models are not looked up. */
import type { Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';

const SHELLS = { bash, zsh, fish } as const;

export function register(program: Command, context: CliContext): void {
  const noun = program.command('completion <shell>').description('a script that completes commands and options');
  withExamples(noun, [
    ['completion bash > ~/.local/share/bash-completion/completions/hone', 'for the next shell'],
    ['completion zsh > ~/.zfunc/_hone', 'where ~/.zfunc is in fpath'],
    ['completion fish > ~/.config/fish/completions/hone.fish', 'for fish'],
  ]).action((shell: string) => {
    const known = Object.keys(SHELLS);
    if (!known.includes(shell))
      throw new UsageError(`There is no completion for ${JSON.stringify(shell)}; write ${known.join(', ')}.`);
    const script = SHELLS[shell as keyof typeof SHELLS](wordsByCommand(program));
    context.show({ shell, script }, () => script);
  });
}

/** For `` (hone itself), `run`, `run start`, …: the verbs, options and fixed values that may follow. */
export type Words = ReadonlyMap<string, readonly string[]>;

export function wordsByCommand(program: Command): Words {
  const everywhere = program.options.map(longName);
  const found = new Map<string, readonly string[]>();
  const walk = (command: Command, path: readonly string[]) => {
    const own = command.options.filter(({ hidden }) => !hidden).map(longName);
    const verbs = command.commands.map((one) => one.name());
    const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    found.set(path.join(' '), [...new Set([...verbs, ...choices, ...own, ...everywhere, '--help'])]);
    for (const one of command.commands) walk(one, [...path, one.name()]);
  };
  walk(program, []);
  return found;
}

const longName = ({ long, short }: Option): string => long ?? short ?? '';

/** Words before the cursor that are no options name the command; the longest name that is known counts. */
function bash(words: Words): string {
  const cases = [...words].map(([path, next]) => `    '${path}') words='${next.join(' ')}' ;;`);
  return `# hone: bash completion
_hone() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) continue ;; esac
    case "$path $word" in
${[...words.keys()]
  .filter((path) => path !== '')
  .map((path) => `      '${path.includes(' ') ? path : ` ${path}`}') path='${path}' ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _hone hone
`;
}

/** zsh runs the script of bash through its own emulation of it. */
function zsh(words: Words): string {
  return `#compdef hone
autoload -Uz bashcompinit && bashcompinit
${bash(words)}`;
}

function fish(words: Words): string {
  const lines = [...words].map(([path, next]) => {
    const parts = path === '' ? [] : path.split(' ');
    const deeper = next.filter((word) => !word.startsWith('-'));
    const here = [
      ...parts.map((part) => `__fish_seen_subcommand_from ${part}`),
      ...(deeper.length === 0 ? [] : [`not __fish_seen_subcommand_from ${deeper.join(' ')}`]),
    ];
    return `complete -c hone -n '${here.join('; and ') || 'true'}' -a '${next.join(' ')}'`;
  });
  return `# hone: fish completion\n${lines.join('\n')}\n`;
}
