using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Exploration;
using EpcActors.Races;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary>Words that the commands about races share.</summary>
internal static class RaceOptions
{
    public static Argument<string> Race() => CommonOptions.Completing<Argument<string>>(
        new("RACE") { Description = "a race of the catalogue ('epc race list'), or a race file" },
        static () => Catalogue.Ids);

    public static Option<string?> Variant(string standard) => CommonOptions.Completing<Option<string?>>(
        new("--variant")
        {
            HelpName = "NAME",
            Description = $"buggy, fixed, or another variant of the file (default: {standard})",
        },
        static () => [Catalogue.Buggy, Catalogue.Fixed]);

    public static Option<IReadOnlyList<string>> Strategy() => CommonOptions.List(
        "--strategy",
        "NAMES",
        $"who decides who goes next: {string.Join(", ", StrategyNames.All)}, exhaustive (default: "
            + $"{string.Join(",", StrategyNames.Portfolio)} in turn, then exhaustive where the file says so)",
        static () => [.. StrategyNames.Portfolio, "exhaustive"]);

    public static Option<Budget?> BudgetOption(string standard) => new("--budget")
    {
        HelpName = "N|TIME",
        Description = $"how long to search: a number of schedules, or a time such as 30s, 10m (default: {standard})",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (Budget.Parse(text) is { } budget)
            {
                return budget;
            }

            result.AddError($"--budget {text}: write a number of schedules (100000), or a time with its unit (500ms, "
                + "30s, 10m, 2h)");
            return null;
        },
    };

    public static Option<int> Workers() => new("--workers")
    {
        HelpName = "N",
        Description = "threads that search (default: one per core)",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int workers)
                && workers is >= 1 and <= 1024)
            {
                return workers;
            }

            result.AddError($"--workers {text}: a number of threads from 1 to 1024");
            return 0;
        },
    };

    /// <summary>The race that the word means: one of the catalogue, or a file.</summary>
    /// <returns>Name of its file, for the loader, and its text.</returns>
    /// <exception cref="CommandException">when it is neither.</exception>
    public static (string File, string Text) Find(string word, CommandShell shell)
    {
        if (Catalogue.FileOf(word) is { } known)
        {
            return (known, Catalogue.TextOf(known));
        }

        bool looksLikeFile =
            word.Contains('/', StringComparison.Ordinal)
            || word.Contains('\\', StringComparison.Ordinal)
            || word.EndsWith(".conf", StringComparison.Ordinal)
            || File.Exists(word);
        if (!looksLikeFile && shell.Configuration.Files == ConfigEnvironment.Default.Files)
        {
            string? meant = Suggestions.Nearest(word, Catalogue.Ids);
            throw CommandException.Usage($"{word}: there is no race of that name, and no such file; "
                + $"{(meant is null ? "" : $"did you mean {meant}? ")}'{EpcCommand.Name} race list' lists the races");
        }

        ScenarioFile.RequireExists(word, shell.Configuration);
        try
        {
            return (word, shell.Configuration.Files.Read(word) ?? "");
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"{word}: cannot read it: {wrong.Message}");
        }
    }

    /// <summary>Forms of one output exclude each other.</summary>
    /// <exception cref="CommandException">when there are two.</exception>
    public static void RequireAtMostOne(ParseResult parsed, params Option<bool>[] forms)
    {
        string[] given = [.. forms.Where(parsed.GetValue).Select(form => form.Name)];
        if (given.Length > 1)
        {
            throw CommandException.Usage($"{string.Join(" and ", given)}: one form at a time");
        }
    }

    /// <summary>Says what is odd about a configuration but allowed.</summary>
    public static void WriteNotes(IReadOnlyList<ConfigurationNote> notes, CommandShell shell)
    {
        foreach (ConfigurationNote note in notes)
        {
            shell.Error.WriteLine($"note: {note}");
        }
    }

    /// <summary>Loads a race with a variant.</summary>
    /// <exception cref="CommandException">when it has no such variant.</exception>
    public static RaceDefinition Load(
        string file, string? variant, IReadOnlyList<KeyValuePair<string, string>> settings, CommandShell shell)
    {
        RaceDefinition plain = RaceFile.Load(file, null, settings, shell.Configuration);
        string? wanted = variant
            ?? (
                plain.Variants.Contains(Catalogue.Buggy) ? Catalogue.Buggy
                : plain.Variants.Count > 0 ? plain.Variants[0]
                : null);
        if (wanted is null)
        {
            return plain;
        }

        if (!plain.Variants.Contains(wanted))
        {
            throw CommandException.Usage(plain.Variants.Count == 0
                ? $"--variant {wanted}: {plain.Id} has no variants"
                : $"--variant {wanted}: {plain.Id} has the variants {string.Join(", ", plain.Variants)}");
        }

        return RaceFile.Load(file, wanted, settings, shell.Configuration);
    }
}

/// <summary>How long to search.</summary>
internal sealed record Budget(long? Schedules, TimeSpan? Time, string Text)
{
    public static Budget? Parse(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out long schedules))
        {
            return schedules > 0 ? new Budget(schedules, null, text) : null;
        }

        (string Unit, double Seconds)[] units = [("ms", 0.001), ("s", 1), ("min", 60), ("m", 60), ("h", 3600)];
        foreach ((string unit, double seconds) in units)
        {
            if (
                text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(
                    text.AsSpan(0, text.Length - unit.Length),
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out double number)
                && number > 0)
            {
                return new Budget(null, TimeSpan.FromSeconds(Math.Min(number * seconds, 1e9)), text);
            }
        }

        return null;
    }
}
