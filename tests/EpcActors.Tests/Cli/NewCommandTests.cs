using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Cli;

/// <summary><c>epc new</c>: what it writes runs at once.</summary>
public sealed class NewCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public static TheoryData<string> Kernels => [.. BuiltInFiles.Names("kernels")];

    public static TheoryData<string> Machines => [.. BuiltInFiles.Names("machines")];

    public static TheoryData<string> Presets => [.. WorkloadPresets.All.Select(one => one.Name)];

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_scenario_passes_and_meets_what_it_expects()
    {
        CliResult written = await CliHarness.Call("new", "scenario", _cli.At("web"));
        Assert.Equal(0, written.Code);
        Assert.Equal($"wrote {_cli.At("web.conf")}; next: epc run {_cli.At("web.conf")} --expect", written.LastOutLine);

        string text = await File.ReadAllTextAsync(_cli.At("web.conf"));
        Assert.StartsWith("# web: written by `epc new scenario`", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("NAME|FILE|KERNEL|MACHINE|PRESET", text);
        Assert.DoesNotContain("\r", text, StringComparison.Ordinal);

        CliResult run = await CliHarness.Call("run", _cli.At("web.conf"), "--expect", "--quiet");
        Assert.True(run.Code == 0, run.Out + run.Error);
        Assert.Empty(run.Error);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public Task A_scenario_passes_on_every_kernel(string kernel) => Passes("--kernel", kernel);

    [Theory]
    [MemberData(nameof(Machines))]
    public Task A_scenario_passes_on_every_machine(string machine) => Passes("--machine", machine);

    [Theory]
    [MemberData(nameof(Presets))]
    public Task A_scenario_passes_with_every_preset(string preset) => Passes("--preset", preset);

    [Fact]
    public async Task A_race_is_found_and_its_fix_is_clean()
    {
        CliResult written = await CliHarness.Call("new", "race", _cli.At("lost-update"));
        Assert.Equal(0, written.Code);
        string file = _cli.At("lost-update.conf");
        Assert.EndsWith($"next: epc race find {file}", written.LastOutLine, StringComparison.Ordinal);

        CliResult found = await CliHarness.Call("race", "find", file, "--quiet");
        Assert.True(found.Code == 1, found.Out + found.Error);
        Assert.Contains(
            "lost-update buggy: FOUND property: finally counter == free-pages", found.Out, StringComparison.Ordinal);

        CliResult clean = await CliHarness.Call("race", "find", file, "--variant", "fixed", "--quiet");
        Assert.True(clean.Code == 0, clean.Out + clean.Error);
        Assert.Contains("lost-update fixed: CLEAN: every schedule", clean.Out, StringComparison.Ordinal);
    }

    /// <summary>The race is between two CPUs and a counter: it needs no cgroup, so every kernel has it.</summary>
    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task A_race_is_found_on_every_kernel(string kernel)
    {
        Assert.Equal(0, (await CliHarness.Call("new", "race", _cli.At("a"), "--kernel", kernel)).Code);
        CliResult found = await CliHarness.Call("race", "find", _cli.At("a.conf"), "--quiet");

        Assert.True(found.Code == 1, found.Out + found.Error);
        string text = await File.ReadAllTextAsync(_cli.At("a.conf"));
        Assert.Contains($"kernel = \"{kernel}\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_there_is_replaced_only_when_asked_for()
    {
        string file = _cli.Write("web.conf", "mine");
        CliResult refused = await CliHarness.Call("new", "scenario", _cli.At("web"));

        Assert.Equal(64, refused.Code);
        Assert.Contains(
            "there is such a file; choose another name, or replace it with --force",
            Assert.Single(refused.ErrorLines),
            StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(file));

        Assert.Equal(0, (await CliHarness.Call("new", "scenario", _cli.At("web"), "--force")).Code);
        Assert.NotEqual("mine", await File.ReadAllTextAsync(file));
    }

    [Theory]
    [InlineData("new scenario {}/a\"b", "is not a valid name")]
    [InlineData("new scenario {}/.hidden", "is not a valid name")]
    [InlineData("new race {}/.conf", "is not a valid name")]
    [InlineData("new race {}/missing/a", "cannot write there")]
    [InlineData("new scenario {}/a --kernel linux-6.61", "did you mean linux-6.16?")]
    [InlineData("new scenario {}/a --machine nuc", "did you mean nuc-22mib?")]
    [InlineData("new scenario {}/a --preset ycbs-a", "did you mean ycsb-a?")]
    [InlineData("new scenario {}/a --kernel nowhere.conf", "there is no such file")]
    [InlineData("new scenrio a", "did you mean scenario?")]
    public async Task A_mistake_is_told_and_nothing_is_written(string command, string expected)
    {
        string[] before = Directory.GetFiles(_cli.Folder);
        string line = command.Replace("{}", _cli.Folder, StringComparison.Ordinal);
        CliResult result = await CliHarness.Call(line.Split(' '));

        Assert.Equal(64, result.Code);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_cli.Folder));
    }

    [Fact]
    public async Task Alone_it_lists_the_templates()
    {
        CliResult result = await CliHarness.Call("new");

        Assert.Equal(0, result.Code);
        Assert.Equal(
            BuiltInFiles.Names("templates").Order(StringComparer.Ordinal),
            result.OutLines.Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    private async Task Passes(string option, string value)
    {
        Assert.Equal(0, (await CliHarness.Call("new", "scenario", _cli.At("a"), option, value)).Code);
        CliResult run = await CliHarness.Call("run", _cli.At("a.conf"), "--expect", "--quiet", "--no-slowdown");
        Assert.True(run.Code == 0, run.Out + run.Error);
        Assert.Contains(value, await File.ReadAllTextAsync(_cli.At("a.conf")), StringComparison.Ordinal);
    }
}
