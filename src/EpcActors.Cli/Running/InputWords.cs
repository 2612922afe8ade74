using System.Collections.Immutable;
using System.Globalization;
using EpcActors.Imports;

namespace EpcActors.Cli.Running;

/// <summary>Options that say what an input that is not a scenario does not say, as words of a command line.</summary>
internal static class InputWords
{
    /// <summary>Words of <c>--claims</c>, in the order of <see cref="ClaimUse"/>.</summary>
    public static ImmutableArray<string> Claims { get; } = ["limits", "bookkeeping"];

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The options that say it, for a command line that repeats a run.</summary>
    public static IEnumerable<string> Of(ImportOptions options)
    {
        foreach ((string name, string? value) in ((string, string?)[])
            [
                ("--machine", options.Machine),
                ("--workload", options.Workload),
                ("--node", options.Node),
                ("--instances", options.Instances == 1 ? null : Number(options.Instances)),
                ("--claims", options.Claims == default ? null : Claims[(int)options.Claims]),
            ])
        {
            if (value is not null)
            {
                yield return name;
                yield return value;
            }
        }
    }
}
