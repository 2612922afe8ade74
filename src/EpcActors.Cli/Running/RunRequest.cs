using System.Globalization;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Terminal;
using EpcActors.Imports;

namespace EpcActors.Cli.Running;

/// <summary>One run as it was asked for on the command line.</summary>
internal sealed record RunRequest
{
    /// <summary>The scenario, as given.</summary>
    public required string File { get; init; }

    /// <summary>Answers to what an imported file does not say.</summary>
    public ImportOptions Import { get; init; } = ImportOptions.Default;

    /// <summary>Keys set on the command line, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Overrides { get; init; } = [];

    /// <summary>Null: the seed of the file.</summary>
    public ulong? Seed { get; init; }

    public required EngineEntry Engine { get; init; }

    /// <summary>The engine need not be named to get it.</summary>
    public bool IsDefaultEngine { get; init; }

    /// <summary>Threads of a live run; null for what the file says.</summary>
    public int? Workers { get; init; }

    public bool SkipsSlowdown { get; init; }

    /// <summary>Expectations of the scenario count for the exit code.</summary>
    public bool ChecksExpectations { get; init; }

    /// <summary>The command that repeats this run, as one line for a shell.</summary>
    /// <param name="seed">The seed in effect.</param>
    /// <param name="dialect">The shell to quote for.</param>
    public string ReplayCommand(ulong seed, ShellDialect dialect)
    {
        // A name that begins with a dash would be read as an option.
        List<string> words = [EpcCommand.Name, "run", File.StartsWith('-') ? "./" + File : File];
        words.AddRange(["--seed", seed.ToString(CultureInfo.InvariantCulture)]);
        foreach ((string key, string value) in Overrides)
        {
            words.AddRange(["--set", $"{key}={value}"]);
        }

        if (!IsDefaultEngine)
        {
            words.AddRange(["--engine", Engine.Name]);
        }

        if (Workers is { } workers)
        {
            words.AddRange(["--workers", workers.ToString(CultureInfo.InvariantCulture)]);
        }

        if (SkipsSlowdown)
        {
            words.Add("--no-slowdown");
        }

        if (ChecksExpectations)
        {
            words.Add("--expect");
        }

        words.AddRange(InputWords.Of(Import));

        return ShellQuoting.Join(words, dialect);
    }
}
