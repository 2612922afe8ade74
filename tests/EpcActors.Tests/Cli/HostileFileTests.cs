using System.Diagnostics;
using EpcActors.Races;

namespace EpcActors.Tests.Cli;

/// <summary>Files that are none, that have no end, or that want something of the terminal.</summary>
public sealed class HostileFileTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("run", "it is a pipe, not a regular file")]
    [InlineData("race replay", "it is a pipe, not a regular file")]
    [InlineData("check", "it is a pipe, not a regular file")]
    [InlineData("config validate", "it is a pipe, not a regular file")]
    public async Task A_pipe_is_refused_and_not_waited_for(string command, string expected)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        CliResult result = await CliHarness.Call([.. command.Split(' '), await PipeAsync("in.conf")]);

        Assert.Equal(64, result.Code);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epc { kernel = \"part.conf\" }", "file.conf:1:16: epc.kernel: cannot read ")]
    [InlineData("include \"part.conf\"", "file.conf:1:")]
    [InlineData(
        "epc { enclaves { a { heap = 16 pages, steps = [ { trace = \"part.conf\" } ] } } }",
        "file.conf:1:59: ")]
    public async Task A_file_names_no_pipe_either(string text, string place)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await PipeAsync("part.conf");
        CliResult result = await CliHarness.Call("run", _cli.Write("file.conf", text));

        Assert.Equal(64, result.Code);
        Assert.Contains(place, result.Error, StringComparison.Ordinal);
        Assert.Contains("it is a pipe, not a regular file", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("race replay")]
    public async Task A_device_without_an_end_is_refused(string command)
    {
        if (!File.Exists("/dev/zero"))
        {
            return;
        }

        CliResult result = await CliHarness.Call([.. command.Split(' '), "/dev/zero"]);

        Assert.Equal(64, result.Code);
        Assert.Contains("it is a device, not a regular file", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_file_is_a_file()
    {
        CliResult result = await CliHarness.Call("config", "validate", _cli.Write("empty.conf", ""));

        Assert.DoesNotContain("regular", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epc { \"\\u001b[31m\" = 1 }")]
    [InlineData("epc { title = \"\\u0007bell\" }")]
    [InlineData("epc { enclaves { \"a\\u202eb\" { heap = 16 pages } } }")]
    [InlineData("epc { cgroups { \"/x\\u009b2J\" { max = 1 MiB } } }")]
    public async Task Control_characters_are_refused_and_never_printed(string text)
    {
        CliResult result = await CliHarness.Call("run", _cli.Write("file.conf", text));

        Assert.Equal(64, result.Code);
        Assert.Contains("has the control character U+", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Error + result.Out, one => char.IsControl(one) && one is not ('\n' or '\r'));
        Assert.DoesNotContain('\u202e', result.Error);
    }

    [Fact]
    public async Task A_line_of_a_schedule_is_quoted_without_its_control_characters()
    {
        string schedule = _cli.Write(
            "bad.schedule",
            "# EpcActors schedule 1\nrace: R1\nvariant: buggy\nsteps:\nT \u001b[31m x\n");
        CliResult result = await CliHarness.Call("race", "replay", schedule);

        Assert.Contains(result.Code, (int[])[2, 64]);
        Assert.Contains("\\u001b[31m", result.Error + result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Error + result.Out);
    }

    [Fact]
    public async Task Reports_replace_a_link_and_do_not_follow_it()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string folder = _cli.At("out");
        Directory.CreateDirectory(folder);
        string precious = _cli.Write("precious.txt", "precious");
        File.CreateSymbolicLink(Path.Combine(folder, "report.json"), precious);
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--out", folder);

        Assert.Equal(0, result.Code);
        Assert.Equal("precious", await File.ReadAllTextAsync(precious));
        Assert.Null(new FileInfo(Path.Combine(folder, "report.json")).LinkTarget);
        Assert.Equal(6, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public async Task A_full_disk_is_told_in_one_line()
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }

        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--json", "/dev/full");

        Assert.Equal(74, result.Code);
        Assert.Single(result.ErrorLines, line => line.StartsWith("epc: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_race_file_is_no_scenario()
    {
        string race = _cli.Write("race.conf", Catalogue.TextOf(Catalogue.FileOf("R1")!));
        foreach (string command in (string[])["run", "compare", "cluster"])
        {
            string[] more = command == "compare" ? ["--kernels", "linux-6.16,epc-cgroup-v8"] : [];
            CliResult result = await CliHarness.Call([command, race, .. more]);

            Assert.Equal(64, result.Code);
            Assert.Contains(
                $"this is a race file, not a scenario: 'epc race find {race}'",
                result.Error,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_check_says_how_many_schedules_came_to_their_end()
    {
        CliResult whole = await CliHarness.Call("check", _cli.GoodFile, "--budget", "4", "--quiet");
        Assert.Equal(0, whole.Code);
        Assert.StartsWith("PASS: no rule broken in 4 schedules of ", whole.LastOutLine, StringComparison.Ordinal);
        Assert.EndsWith("all came to their end", whole.LastOutLine, StringComparison.Ordinal);

        string longer = _cli.Write("longer.conf", """
            epc {
              machine { nodes = [ { cpus = 4, epc = 1 MiB } ] }
              enclaves { a { heap = 1536 KiB, steps = [ { run { pattern = uniform, accesses = 1000000 } } ] } }
            }
            """);
        CliResult cut = await CliHarness.Call("check", longer, "--budget", "4", "--steps", "100", "--quiet");
        Assert.Equal(2, cut.Code);
        Assert.StartsWith("INCONCLUSIVE: no rule broken in 4 schedules of ", cut.LastOutLine, StringComparison.Ordinal);
        Assert.Contains("0 came to their end, 4 were cut after 100 steps", cut.LastOutLine, StringComparison.Ordinal);
    }

    private async Task<string> PipeAsync(string name)
    {
        string path = _cli.At(name);
        using Process mkfifo = Process.Start("mkfifo", [path]);
        await mkfifo.WaitForExitAsync();
        return path;
    }
}
