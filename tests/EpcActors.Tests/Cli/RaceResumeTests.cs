using System.Text.Json.Nodes;

namespace EpcActors.Tests.Cli;

/// <summary>Work of earlier commands that later ones go on with.</summary>
public sealed class RaceResumeTests : IDisposable
{
    private readonly CliHarness _harness = new();

    public void Dispose() => _harness.Dispose();

    [Fact]
    public async Task A_search_of_all_schedules_goes_on_with_the_states_that_it_kept()
    {
        string state = _harness.At("d15.json");
        CliResult cut = await Find(state, "400");
        Assert.Equal(2, cut.Code);
        Assert.Contains("INCONCLUSIVE", cut.LastOutLine, StringComparison.Ordinal);
        Assert.True(File.Exists(state + ".states"));

        CliResult whole = await Find(state, "100000");
        Assert.Equal(0, whole.Code);
        Assert.Contains("CLEAN: every schedule (863 states)", whole.LastOutLine, StringComparison.Ordinal);
        Assert.False(File.Exists(state + ".states"));
    }

    [Fact]
    public async Task States_of_another_search_are_refused()
    {
        string state = _harness.At("d15.json");
        await Find(state, "400");
        CliResult other = await CliHarness.Call(
            "race", "find", "D15", "--variant", "fixed", "--strategy", "exhaustive", "--resume", state, "--set",
            "epc.race.max-steps=777");
        Assert.Equal(64, other.Code);
        Assert.Contains("is of another search", other.Error, StringComparison.Ordinal);

        byte[] bytes = File.ReadAllBytes(state + ".states");
        File.WriteAllBytes(state + ".states", bytes[..(bytes.Length / 2)]);
        CliResult half = await Find(state, "100000");
        Assert.Equal(64, half.Code);
        Assert.Contains("remove it, and the search begins anew", half.Error, StringComparison.Ordinal);
        Assert.Equal(bytes.Length / 2, new FileInfo(state + ".states").Length);
    }

    [Fact]
    public async Task A_search_of_all_schedules_ends_with_its_time()
    {
        CliResult over = await CliHarness.Call(
            "race", "find", "C6", "--variant", "fixed", "--strategy", "exhaustive", "--budget", "200ms", "--set",
            "epc.race.bound.states=100000000", "--quiet");
        Assert.Equal(2, over.Code);
        Assert.Matches(@"nothing found in the first [\d,]+ states of all", over.LastOutLine);
    }

    [Fact]
    public async Task Figures_that_were_measured_before_stay()
    {
        string folder = _harness.At("figures");
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "figures.json");
        File.WriteAllText(file, """{ "seeds": 100, "limit": 1000, "races": [ { "id": "R1", "steps": 4711 } ] }""");
        CliResult measured = await CliHarness.Call("race", "measure", "R9", "--quiet", "--out", folder);
        Assert.Equal(0, measured.Code);
        JsonArray races = JsonNode.Parse(File.ReadAllText(file))!["races"]!.AsArray();
        Assert.Equal(["R1", "R9"], races.Select(race => (string)race!["id"]!));
        Assert.Equal(4711, (int)races[0]!["steps"]!);

        File.WriteAllText(file, "no figures");
        CliResult wrong = await CliHarness.Call("race", "measure", "R9", "--quiet", "--out", folder);
        Assert.Equal(64, wrong.Code);
        Assert.Contains("does not have the figures of races", wrong.Error, StringComparison.Ordinal);
        Assert.Equal("no figures", File.ReadAllText(file));
    }

    private static Task<CliResult> Find(string state, string states) => CliHarness.Call(
        "race", "find", "D15", "--variant", "fixed", "--strategy", "exhaustive", "--resume", state, "--set",
        $"epc.race.bound.states={states}");
}
