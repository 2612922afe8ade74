using System.CommandLine;
using System.Globalization;
using System.Net;
using EpcActors.Cli.Engines;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands;

/// <summary>Options that mean the same in every command that has them.</summary>
internal static class CommonOptions
{
    /// <summary>The scenario.</summary>
    public static Argument<string> File() => new("FILE")
    {
        Description = "the scenario, a HOCON file; epc run, compare and size take what 'epc import' takes, too",
        CustomParser = static result => FileName(result.Tokens[0].Value, result.AddError),
    };

    /// <summary>One or more scenarios.</summary>
    public static Argument<string[]> Files() => new("FILE")
    {
        Description = "scenarios, HOCON files",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = static result => [.. result.Tokens.Select(token => FileName(token.Value, result.AddError))],
    };

    public static Option<IReadOnlyList<KeyValuePair<string, string>>> Set()
    {
        Option<IReadOnlyList<KeyValuePair<string, string>>> set = PlainSet();
        return Completing(set, static () => ConfigurationSchema.Assignments());
    }

    private static Option<IReadOnlyList<KeyValuePair<string, string>>> PlainSet() =>
        new("--set")
        {
            HelpName = "key=value",
            Description =
                "sets a key over what the file says; key+=value appends to a list, list.0.key=value changes an "
                    + "element; as often as needed, the last one wins",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            CustomParser = static result =>
                [.. result.Tokens.Select(token => Assignment("--set", token.Value, result.AddError))],
            DefaultValueFactory = static _ => [],
        };

    public static Option<ulong?> Seed() => new("--seed")
    {
        HelpName = "N",
        Description = "the seed, instead of the one in the file",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
            {
                return seed;
            }

            result.AddError($"--seed {text}: a seed is a whole number from 0 to {ulong.MaxValue}");
            return null;
        },
    };

    public static Option<string?> Engine() => Completing<Option<string?>>(
        new("--engine")
        {
            HelpName = "NAME",
            Description = "the engine that runs it; 'epc engines' lists them (default: simulation, in virtual time)",
        },
        static () => EngineRegistry.All().Entries.Select(one => one.Name));

    /// <summary>A page for scrapers.</summary>
    public static Option<int?> MetricsPort() => new("--metrics-port")
    {
        HelpName = "N",
        Description =
            "serves the metrics of a live run on http://127.0.0.1:N/metrics while it goes on; 0 for any free port",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port)
                && port <= IPEndPoint.MaxPort)
            {
                return port;
            }

            result.AddError($"--metrics-port {text}: a port from 0 to {IPEndPoint.MaxPort}");
            return null;
        },
    };

    public static Option<string?> Out(string what) => new("--out") { HelpName = "DIR", Description = what };

    public static Option<string?> Json(string what) => new("--json") { HelpName = "FILE|-", Description = what };

    public static Option<string?> JUnit(string what = "") => new("--junit")
    {
        HelpName = "FILE|-",
        Description = "writes the answers as a JUnit file, which build servers read" + what,
    };

    public static Option<bool> Flag(string name, string what) =>
        new(name) { Description = what, Arity = ArgumentArity.Zero };

    /// <summary>Values with commas between them.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="helpName">The value in the help.</param>
    /// <param name="what">Description.</param>
    /// <param name="words">Names that a shell offers.</param>
    public static Option<IReadOnlyList<string>> List(
        string name, string helpName, string what, Func<IEnumerable<string>>? words = null) =>
        Completing(PlainList(name, helpName, what), words ?? (static () => []));

    private static Option<IReadOnlyList<string>> PlainList(string name, string helpName, string what) => new(name)
    {
        HelpName = helpName,
        Description = what,
        CustomParser = result =>
        {
            List<string> values = [.. result.Tokens.SelectMany(token => ListText.Split(token.Value))];
            if (values.Any(value => value.Length == 0))
            {
                result.AddError($"{name} {string.Join(' ', result.Tokens)}: an empty name; write {name} a,b");
            }

            return values;
        },
        DefaultValueFactory = static _ => [],
    };

    /// <summary>The option or argument with words that a shell offers for its value.</summary>
    public static T Completing<T>(T symbol, Func<IEnumerable<string>> words)
        where T : Symbol
    {
        switch (symbol)
        {
            case Option option:
                option.CompletionSources.Add(_ => words());
                break;
            case Argument argument:
                argument.CompletionSources.Add(_ => words());
                break;
        }

        return symbol;
    }

    /// <summary>Splits <c>key=value</c> at its first equals sign: the value may hold more of them.</summary>
    public static KeyValuePair<string, string> Assignment(string option, string text, Action<string> addError)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && text[..equals].Trim().Length > 0)
        {
            return new KeyValuePair<string, string>(text[..equals].Trim(), text[(equals + 1)..]);
        }

        addError($"{option} {text}: write {option} key=value, for example {option} epc.run.duration=2s");
        return default;
    }

    private static string FileName(string name, Action<string> addError)
    {
        if (name.Length == 0)
        {
            addError("FILE is empty; name a scenario file");
        }

        return name;
    }
}
