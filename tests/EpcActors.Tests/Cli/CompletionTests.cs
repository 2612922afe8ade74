using System.CommandLine;
using System.Diagnostics;
using EpcActors.Cli;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;

namespace EpcActors.Tests.Cli;

/// <summary><c>epc completion</c>: asked as a shell asks it.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly CliHarness _cli = new();

    /// <summary>What is typed, and what the shell offers, in any order; <c>…</c> stands for others beside.</summary>
    public static TheoryData<string, string> Lines => new()
    {
        { "epc ra", "race" },
        { "epc race ", "find hunt list measure replay show" },
        { "epc race find R1", "R1 R10 R11 …" },
        { "epc race find R1 --var", "--variant" },
        { "epc race find R1 --variant ", "buggy fixed" },
        { "epc race find R1 --quiet --strat", "--strategy" },
        { "epc run --live", "--live" },
        { "epc run x.conf --engine ", "akka simulation threads" },
        { "epc run --engine thr", "threads" },
        { "epc compare x.conf --kernels linux-6.16,epc-cgroup-v8", "linux-6.16,epc-cgroup-v8 …" },
        { "epc new scenario web --preset ycsb-a", "ycsb-a" },
        { "epc new scenario web --kernel linux-6.16", "linux-6.16 linux-6.16-r9-r10-fixed" },
        { "epc new ", "race scenario" },
        { "epc completion ", "bash fish pwsh zsh" },
        { "epc config sch", "schema" },
        { "epc run --seed ", "" },
        { "epc run --set epc.seed", "epc.seed=" },
    };

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public async Task Every_command_and_option_is_in_the_script(string shell)
    {
        string script = await Script(shell);

        Assert.All(Commands(), command =>
        {
            string path = HelpWriter.Path(command);
            string[] lines = [.. script.Split('\n').Where(line =>
                line.Contains($"'{path}'", StringComparison.Ordinal)
                    || line.Contains($"\\'{path}\\'", StringComparison.Ordinal))];
            Assert.NotEmpty(lines);
            foreach (Option option in HelpWriter.Options(command))
            {
                string name = shell == "fish" ? $"-l {option.Name[2..]} " : option.Name;
                Assert.True(
                    Array.Exists(lines, line => line.Contains(name, StringComparison.Ordinal)),
                    $"{path} {option.Name}");
            }

            foreach (Command below in command.Subcommands.Where(one => !one.Hidden))
            {
                Assert.True(
                    Array.Exists(lines, line => line.Contains(below.Name, StringComparison.Ordinal)),
                    $"{path} {below.Name}");
            }
        });
    }

    [ShellTheory("bash")]
    [MemberData(nameof(Lines))]
    public async Task Bash_completes(string line, string expected) => Judge(expected, await Bash(line));

    [ShellTheory("bash")]
    [InlineData("epc run --set epc.switches.at-limit=k", "kill")]
    [InlineData("epc run --set epc.kernel=linux-6", "linux-6.16 linux-6.16-r9-r10-fixed")]
    [InlineData("epc run good", "good.conf")]
    [InlineData("epc run --out sub", "subfolder")]
    [InlineData("epc run --quiet good.conf --json di", "disappointed.conf")]
    public async Task Bash_completes_behind_an_equals_sign_and_files(string line, string expected)
    {
        Directory.CreateDirectory(_cli.At("subfolder"));
        Judge(expected, await Bash(line));
    }

    [ShellTheory("bash")]
    [InlineData("complete -F _epc epc")]
    public async Task Bash_knows_the_function(string expected) =>
        Assert.Equal([expected], await Run("bash", "bash", "complete -p epc"));

    [ShellTheory("zsh")]
    [MemberData(nameof(Lines))]
    public async Task Zsh_completes(string line, string expected)
    {
        // Outside of its line editor compadd is not a command: this one prints what fits, as the editor would show it.
        string[] words = line.Split(' ');
        string ask = $$"""
            compadd() {
              local word
              for word in "${(@P)@[-1]}"; do
                [[ "$word" == "${words[CURRENT]##*,}"* ]] && print -r -- "$prefix$word"
              done
            }
            compset() { prefix="${words[CURRENT]%,*}," }
            _files() { : }
            prefix=''; words=({{string.Join(' ', words.Select(word => $"'{word}'"))}}); CURRENT={{words.Length}}
            _epc
            """;
        Judge(expected, await Run("zsh", "zsh", ask, "compdef() { : }\n"));
    }

    [ShellTheory("fish")]
    [MemberData(nameof(Lines))]
    public async Task Fish_completes(string line, string expected)
    {
        if (line.Contains(',', StringComparison.Ordinal))
        {
            // Fish has no lists with commas.
            return;
        }

        string[] offers = await Run("fish", "fish", $"complete -C '{line}'");
        Judge(expected, [.. offers.Select(offer => offer.Split('\t')[0])]);
    }

    [Fact]
    public async Task A_shell_that_is_not_known_is_a_mistake()
    {
        CliResult result = await CliHarness.Call("completion", "bsh");

        Assert.Equal(64, result.Code);
        Assert.Equal("epc: there is no completion for 'bsh'; did you mean bash?", Assert.Single(result.ErrorLines));
    }

    private static void Judge(string expected, string[] offers)
    {
        string[] words = expected.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is [.., "…"])
        {
            Assert.All(words[..^1], word => Assert.Contains(word, offers));
            return;
        }

        Assert.Equal(words.Order(StringComparer.Ordinal), offers.Order(StringComparer.Ordinal));
    }

    private static async Task<string> Script(string shell)
    {
        CliResult result = await CliHarness.Call("completion", shell);
        Assert.Equal(0, result.Code);
        Assert.DoesNotContain("\r", result.Out, StringComparison.Ordinal);
        return result.Out;
    }

    private Task<string[]> Bash(string line) => Run(
        "bash",
        "bash",
        $"COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _epc; printf '%s\\n' \"${{COMPREPLY[@]}}\"");

    /// <summary>Sources the script in a shell that reads nothing of the user's, and does something.</summary>
    private async Task<string[]> Run(string shell, string program, string command, string before = "")
    {
        string script = _cli.Write($"epc.{shell}", before + await Script(shell));
        ProcessStartInfo start = new(program)
        {
            WorkingDirectory = _cli.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string quiet = shell switch { "bash" => "--norc", "zsh" => "-f", _ => "--no-config" };
        foreach (string word in (string[])[quiet, "-c", $"source '{script}'\n{command}"])
        {
            start.ArgumentList.Add(word);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal("", await error);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static List<Command> Commands()
    {
        CommandShell shell = CommandShell.Plain(TextWriter.Null, TextWriter.Null);
        List<Command> all = [EpcCommand.Create(shell, new HelpWriter(EpcCommand.Page()))];
        for (int i = 0; i < all.Count; i++)
        {
            all.AddRange(all[i].Subcommands.Where(one => !one.Hidden));
        }

        return all;
    }
}
