namespace EpcActors.Cli.Commands.Completion;

/// <summary>Completion for bash: one function, with the table in <c>case</c> branches.</summary>
internal static class BashScript
{
    /// <summary>
    /// Bash cuts words at = and : too, so the words are taken from the line itself, and what stands before the cut is
    /// taken off the answers. Behind a comma the next word of a list begins.
    /// </summary>
    private const string Function = """
        _epc() {
          local line="${COMP_LINE:0:COMP_POINT}" cur="" prev="" at=epc word offered="" files="" list=""
          local -a all=()
          read -ra all <<< "$line"
          if [[ "$line" != *[[:space:]] ]]; then cur="${all[${#all[@]}-1]}"; unset "all[${#all[@]}-1]"; fi
          for word in "${all[@]:1}"; do
            if [[ -n "$prev" ]] && _epc_takes "$at" "$prev"; then prev=""; continue; fi
            if _epc_below "$at $word"; then at="$at $word"; fi
            prev="$word"
          done
          COMPREPLY=()
          if [[ -n "$prev" ]] && _epc_takes "$at" "$prev"; then
            _epc_values "$at" "$prev"
          elif [[ "$cur" == -* ]]; then
            _epc_options "$at"
          else
            _epc_arguments "$at"
          fi
          if [[ "$cur" == *,* && -n "$offered" ]]; then list="${cur%,*},"; fi
          local cut="${cur%"${cur##*[=:]}"}"
          COMPREPLY=($(compgen -P "$list" -W "$offered" -- "${cur#"$list"}"))
          if [[ "$files" == *f* ]]; then COMPREPLY+=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null
          elif [[ "$files" == *d* ]]; then COMPREPLY+=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null; fi
          if [[ -n "$cut" && "$COMP_WORDBREAKS" == *=* ]]; then COMPREPLY=("${COMPREPLY[@]#"$cut"}"); fi
          if [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *= ]]; then compopt -o nospace 2>/dev/null; fi
        }
        complete -F _epc epc

        """;

    public static void Write(TextWriter output, IReadOnlyList<CompletionCommand> commands)
    {
        output.WriteLine("# Completion of epc for bash: source it, or put it into");
        output.WriteLine("# ~/.local/share/bash-completion/completions/epc");
        ShellCases.Write(output, commands);
        output.Write(Function.ReplaceLineEndings("\n"));
    }
}
