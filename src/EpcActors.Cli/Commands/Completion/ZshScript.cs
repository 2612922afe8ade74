namespace EpcActors.Cli.Commands.Completion;

/// <summary>Completion for zsh, sourced or as the file <c>_epc</c> in <c>$fpath</c>.</summary>
internal static class ZshScript
{
    private const string Function = """
        _epc() {
          local cur="$words[CURRENT]" prev="" at=epc word
          local -a typed=("${(@)words[2,CURRENT-1]}")
          local offered="" files=""
          for word in "$typed[@]"; do
            if [[ -n "$prev" ]] && _epc_takes "$at" "$prev"; then prev=""; continue; fi
            if _epc_below "$at $word"; then at="$at $word"; fi
            prev="$word"
          done
          if [[ -n "$prev" ]] && _epc_takes "$at" "$prev"; then
            _epc_values "$at" "$prev"
          elif [[ "$cur" == -* ]]; then
            _epc_options "$at"
          else
            _epc_arguments "$at"
          fi
          local -a open=(${(M)${=offered}:#*=}) whole=(${${=offered}:#*=})
          if [[ "$cur" == *,* ]]; then compset -P '*,'; fi
          [[ ${#whole} -gt 0 ]] && compadd -a whole
          [[ ${#open} -gt 0 ]] && compadd -S '' -a open
          if [[ "$files" == *f* ]]; then _files; elif [[ "$files" == *d* ]]; then _files -/; fi
        }
        if [[ "$funcstack[1]" == _epc ]]; then _epc "$@"; else compdef _epc epc; fi

        """;

    public static void Write(TextWriter output, IReadOnlyList<CompletionCommand> commands)
    {
        output.WriteLine("#compdef epc");
        output.WriteLine("# Completion of epc for zsh: source it behind compinit,");
        output.WriteLine("# or put it into a folder of $fpath as _epc.");
        ShellCases.Write(output, commands);
        output.Write(Function.ReplaceLineEndings("\n"));
    }
}
