using System.Text.RegularExpressions;
using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports.Reading;

/// <summary>Tells what a file is by what stands in it.</summary>
internal static partial class FormatDetector
{
    private static readonly string[] ScenarioEndings = [".conf", ".hocon"];

    /// <summary>A file of this name is a scenario, with any content: its errors are those of the loader.</summary>
    public static bool IsScenarioName(string path) =>
        Array.Exists(ScenarioEndings, ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    /// <summary>The kind of an input.</summary>
    /// <exception cref="ConfigurationException">It is of no kind that is known.</exception>
    public static InputFormat Of(InputText input, ImportLog log)
    {
        if (input.Text.TrimStart().StartsWith('<'))
        {
            string root = XmlRoot(input.Text);
            if (root is "EnclaveConfiguration" or "domain" or "domains" or "domstatus" or "domainsnapshot")
            {
                return root == "EnclaveConfiguration" ? InputFormat.SgxSdk : InputFormat.Libvirt;
            }
        }

        foreach ((Regex sign, InputFormat format) in ((Regex, InputFormat)[])
            [
                (OcclumKey, InputFormat.Occlum),
                (GramineKey, InputFormat.Gramine),
                (KubernetesKey, InputFormat.Kubernetes),
                (ScenarioKey, InputFormat.Scenario),
                (QemuObject, InputFormat.Qemu),
            ])
        {
            if (sign.IsMatch(input.Text))
            {
                return format;
            }
        }

        throw log.Fail(
            new HoconOrigin(input.Source, 0, 0),
            "",
            "cannot tell what this file is: it is neither a scenario (epc { … }) nor a known input",
            "'epc import --help' lists the kinds; 'epc import KIND FILE' says what is wrong with it");
    }

    [GeneratedRegex(@"(^|[{,])[ \t]*""?epc""?[ \t]*([.{=:]|$)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex ScenarioKey { get; }

    /// <summary>Name of the first element; empty when the text has none.</summary>
    private static string XmlRoot(string text) => Element.Match(text).Groups["name"].Value;

    [GeneratedRegex(@"<(?<name>[A-Za-z][\w:.-]*)", RegexOptions.ExplicitCapture)]
    private static partial Regex Element { get; }

    [GeneratedRegex(
        @"memory-backend-epc|(^|[ \t/])qemu-(system-|kvm)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex QemuObject { get; }

    [GeneratedRegex(@"""resource_limits""[ \t\r\n]*:", RegexOptions.ExplicitCapture)]
    private static partial Regex OcclumKey { get; }

    [GeneratedRegex(
        @"^[ \t]*(\[\[?)?[ \t]*(sgx|loader|libos)\.[\w.]+[ \t]*(=|\])|^\[(sgx|loader|libos)\]",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex GramineKey { get; }

    [GeneratedRegex(@"^[ \t{,-]*""?(apiVersion|kind)""?[ \t]*:", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex KubernetesKey { get; }
}
