using EpcActors.Engine;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Planted;

/// <summary>A rule that broke, and where.</summary>
/// <param name="Rule">Its name.</param>
/// <param name="Where">The scenario, or the check.</param>
/// <param name="Detail">What was found.</param>
internal sealed record Broken(string Rule, string Where, string Detail)
{
    /// <summary>It broke in a search over schedules, not in a run in virtual time.</summary>
    public bool IsCheck => Where.StartsWith(Suite.CheckPrefix, StringComparison.Ordinal);
}

/// <summary>
/// Suite that judges every defect: the shipped scenarios in virtual time, then some of them and every fixed race in
/// many orders, with one worker and fixed seeds. A kernel without a defect breaks nothing in it.
/// </summary>
internal static class Suite
{
    public const string CheckPrefix = "check ";

    private const int ScheduleSteps = 100_000;
    private const int SchedulesOfScenario = 6;
    private const int SchedulesOfRace = 96;

    /// <summary>
    /// Scenarios with a counter that loses updates on purpose, and those of one process that are the same as in
    /// several.
    /// </summary>
    private static readonly string[] NotRun =
    [
        "free-page-counter", "cluster-counter-storm", "cluster-crash-in-reclaim", "cluster-four-sockets",
        "cluster-one-limit", "two-sockets-1tib",
    ];

    private static readonly string[] Checked =
        ["quickstart", "scenarios/sgx2-storm", "scenarios/limit-lowered", "scenarios/vepc"];

    /// <summary>Runs all of it on the assemblies that are loaded.</summary>
    /// <param name="root">Where config is.</param>
    /// <param name="tell">Called with what comes next.</param>
    public static IReadOnlyList<Broken> Run(string root, Action<string> tell)
    {
        List<Broken> broken = [];
        foreach (string file in Scenarios(root))
        {
            string name = Path.GetFileNameWithoutExtension(file);
            tell(name);
            Guard(broken, name, () => RunScenario(file, name, broken));
        }

        foreach (string name in Checked)
        {
            string where = $"{CheckPrefix}{Path.GetFileName(name)}";
            tell(where);
            Scenario scenario = Load(Path.Combine(root, "config", $"{name}.conf"));
            ScenarioWorld NewWorld() => new(scenario, ScheduleSteps);
            Guard(broken, where, () => Check(NewWorld, SchedulesOfScenario, where, broken));
        }

        foreach (string id in Catalogue.Ids)
        {
            if (RaceFile.Load(Catalogue.FileOf(id)!).Variants.Contains(Catalogue.Fixed))
            {
                string where = $"{CheckPrefix}{id} {Catalogue.Fixed}";
                tell(where);
                Scenario race = RaceFile.Load(Catalogue.FileOf(id)!, Catalogue.Fixed).Scenario;
                Guard(broken, where, () => Check(() => new RaceWorld(race), SchedulesOfRace, where, broken));
            }
        }

        return broken;
    }

    private static IEnumerable<string> Scenarios(string root)
    {
        string config = Path.Combine(root, "config");
        yield return Path.Combine(config, "quickstart.conf");
        string[] files = Directory.GetFiles(Path.Combine(config, "scenarios"), "*.conf");
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            if (!NotRun.Contains(Path.GetFileNameWithoutExtension(file)))
            {
                yield return file;
            }
        }
    }

    private static Scenario Load(string file) => ScenarioLoader.Load(file, [], null, ConfigEnvironment.Default);

    private static void RunScenario(string file, string name, List<Broken> broken)
    {
        Scenario scenario = Load(file);
        scenario = scenario with { Run = scenario.Run with { MeasuresSlowdown = false, TraceEvents = 0 } };
        RunReport report = new ScenarioRunner(scenario).Run("", CancellationToken.None);
        foreach (ViolationReport violation in report.Violations)
        {
            broken.Add(new Broken(violation.Rule, name, violation.Detail));
        }
    }

    private static void Check(Func<LabWorld> newWorld, int schedules, string where, List<Broken> broken)
    {
        HuntResult result = Hunt.Run(
            new HuntPlan
            {
                NewWorld = newWorld,
                MaxSchedules = schedules,
                Workers = 1,
                StopsAtFirst = false,
                SelfCheckEvery = 0,
                CountStatesEvery = 0,
            },
            null,
            CancellationToken.None);
        foreach (string rule in result.BrokenRules.Keys)
        {
            broken.Add(new Broken(rule, where, result.Found?.Finding.Rule == rule ? result.Found.Finding.Detail : ""));
        }
    }

    /// <summary>
    /// A defect may break an assertion of the emulator itself, or a setup: that is a finding, and the suite goes on.
    /// </summary>
    private static void Guard(List<Broken> broken, string where, Action part)
    {
        try
        {
            part();
        }
        catch (RaceSetupException setup)
        {
            broken.Add(new Broken(RuleOf(setup.Message), where, setup.Message));
        }
        catch (InvariantViolation crash)
        {
            broken.Add(new Broken(RuleOf(crash.Message), where, crash.Message));
        }
    }

    private static string RuleOf(string message) => LabRules.All.FirstOrDefault(rule => message.Contains($": {rule}: "
        + "", StringComparison.Ordinal)) ?? LabRules.Crash;
}
