using System.Text.RegularExpressions;
using EpcActors.Hocon;

namespace EpcActors.Imports.Reading;

/// <summary>Tells what a file is by what stands in it.</summary>
internal static partial class FormatDetector
{
    private static readonly string[] ScenarioEndings = [".conf", ".hocon"];

    /// <summary>A file of this name is a scenario whatever stands in it: its errors are those of the loader.</summary>
    public static bool IsScenarioName(string path) =>
        Array.Exists(ScenarioEndings, ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    /// <summary>The kind of an input.</summary>
    /// <exception cref="Lab.Configuration.ConfigurationException">It is of no kind that is known.</exception>
    public static InputFormat Of(InputText input, ImportLog log)
    {
        if (ScenarioKey.IsMatch(input.Text))
        {
            return InputFormat.Scenario;
        }

        if (KubernetesKey.IsMatch(input.Text))
        {
            return InputFormat.Kubernetes;
        }

        throw log.Fail(
            new HoconOrigin(input.Source, 0, 0),
            "",
            "cannot tell what this file is: it is no scenario (epc { … }) and no input that is known",
            "'epc import --help' lists the kinds; 'epc import KIND FILE' says what is wrong with it");
    }

    [GeneratedRegex(@"(^|[{,])[ \t]*""?epc""?[ \t]*([.{=:]|$)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex ScenarioKey { get; }

    [GeneratedRegex(@"^[ \t{,-]*""?(apiVersion|kind)""?[ \t]*:", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex KubernetesKey { get; }
}
