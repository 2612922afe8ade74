using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EpcActors.Cli.Terminal;
using EpcActors.Cluster.Sharing;
using EpcActors.Imports;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Running;

/// <summary>
/// A scenario as every process of a cluster reads it for itself, with what tells that they have read the same.
/// </summary>
/// <param name="Scenario">What to run.</param>
/// <param name="Notes">What is odd about the configuration but allowed.</param>
/// <param name="Fingerprint">Of the effective configuration and the seed.</param>
internal sealed record ClusterScenario(Scenario Scenario, IReadOnlyList<ConfigurationNote> Notes, string Fingerprint)
{
    private const int FingerprintDigits = 16;

    /// <summary>Version and configuration that processes must share to talk to each other.</summary>
    public static string Version =>
        $"{EpcCommand.Version}, frames {Frame.CurrentVersion.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Reads and checks it.</summary>
    /// <exception cref="ConfigurationException">when the file or an override is wrong.</exception>
    public static ClusterScenario Load(
        CommandShell shell,
        string file,
        ImportOptions import,
        IReadOnlyList<KeyValuePair<string, string>> overrides,
        ulong? seed)
    {
        ScenarioText source = ScenarioFile.Open(file, import, shell.Configuration);
        ConfigEnvironment environment = source.In(shell.Configuration);
        LoadedScenario loaded = ScenarioLoader.LoadWithNotes(source.SourceName, overrides, seed, environment);
        ScenarioFile.RequireNoRace(file, loaded.Scenario);
        string effective = ScenarioLoader.Show(
            source.SourceName,
            overrides,
            environment,
            new ConfigurationShowOptions { All = true });
        byte[] hash = SHA256.HashData(
            Encoding.UTF8.GetBytes($"{loaded.Scenario.Seed.ToString(CultureInfo.InvariantCulture)}\n{effective}"));
        return new ClusterScenario(
            loaded.Scenario,
            [.. source.Notes, .. loaded.Notes],
            Convert.ToHexStringLower(hash)[..FingerprintDigits]);
    }
}
