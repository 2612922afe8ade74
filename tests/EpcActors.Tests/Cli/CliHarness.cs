using System.Text;
using EpcActors.Cli;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Terminal;
using EpcActors.Runs;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Cli;

/// <summary>Output and exit code of one call of the command.</summary>
internal sealed record CliResult(int Code, string Out, string Error)
{
    public IReadOnlyList<string> OutLines => Lines(Out);

    public IReadOnlyList<string> ErrorLines => Lines(Error);

    public string LastOutLine => OutLines[^1];

    private static List<string> Lines(string text) =>
        [.. text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries)];
}

/// <summary>Calls the command in this process, in a folder of its own with scenarios that run in a moment.</summary>
internal sealed class CliHarness : IDisposable
{
    /// <summary>An enclave that pages against itself and meets the expectation.</summary>
    private const string Good = """
        epc {
          title = "small"
          seed = 7
          machine { nodes = [ { cpus = 4, epc = 1 MiB } ] }
          enclaves { a { heap = 1536 KiB, threads = 2, steps = [ touch,
              { run { pattern = uniform, accesses = 200, work = 1 us } } ] } }
          run { duration = 10 s }
          expect = [ "verdict == pass" ]
        }
        """;

    public CliHarness()
    {
        Folder = Directory.CreateTempSubdirectory("epc-cli-").FullName;
        GoodFile = Write("good.conf", Good);

        // Sixteen threads over two nodes lose updates of the racy counter of linux-5.15 within milliseconds.
        RacyFile = Write("racy.conf", """
            epc {
              title = "racy"
              seed = 3
              machine { nodes = [ { cpus = 4, epc = 8 MiB }, { cpus = 4, epc = 8 MiB } ] }
              enclaves {
                a { heap = 6 MiB, threads = 4, steps = [ touch ] }
                b { heap = 6 MiB, threads = 4, steps = [ touch ] }
              }
              run { duration = 1 s }
              expect-on { "linux-5.15" = [ "violation free-page-counter" ] }
            }
            """);
        DisappointedFile = Write(
            "disappointed.conf",
            Good.Replace("verdict == pass", "faults == 0", StringComparison.Ordinal));
    }

    public string Folder { get; }

    /// <summary>Passes and meets its expectation.</summary>
    public string GoodFile { get; }

    /// <summary>Passes but on linux-5.15.</summary>
    public string RacyFile { get; }

    /// <summary>Passes and does not meet its expectation.</summary>
    public string DisappointedFile { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public string Write(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    public string At(string name) => Path.Combine(Folder, name);

    public static Task<CliResult> Call(params string[] args) => Call(CancellationToken.None, args);

    public static async Task<CliResult> Call(CancellationToken token, params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await EpcCommand.InvokeAsync(args, output, error, token);
        return new CliResult(code, output.ToString(), error.ToString());
    }

    public static async Task<CliResult> CallWith(EngineRegistry engines, TimeProvider? clock, params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        await using CommandShell shell = CommandShell.Plain(output, error, engines, clock);
        int code = await EpcCommand.InvokeAsync(args, shell, CancellationToken.None);
        return new CliResult(code, output.ToString(), error.ToString());
    }

    /// <summary>The simulation, with something happening before it starts.</summary>
    public static EngineRegistry Engines(Action<Scenario, Action<RunProgress>?> before) => new(
    [
        new EngineEntry
        {
            Name = "simulation",
            Purpose = "tests",
            Guarantees = "none",
            Run = (scenario, replay, progress, token) =>
            {
                before(scenario, progress);
                return new ScenarioRunner(scenario, null).Run(replay, token);
            },
        },
    ]);

    /// <summary>Splits a line as a POSIX shell does: words, single quotes, backslashes.</summary>
    public static IReadOnlyList<string> SplitAsShell(string line)
    {
        List<string> words = [];
        StringBuilder? word = null;
        bool isQuoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == '\'')
            {
                isQuoted = !isQuoted;
                word ??= new StringBuilder();
            }
            else if (c == '\\' && !isQuoted)
            {
                (word ??= new StringBuilder()).Append(line[++i]);
            }
            else if (c == ' ' && !isQuoted)
            {
                if (word is not null)
                {
                    words.Add(word.ToString());
                    word = null;
                }
            }
            else
            {
                (word ??= new StringBuilder()).Append(c);
            }
        }

        Assert.False(isQuoted, $"a quote is not closed: {line}");
        if (word is not null)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
