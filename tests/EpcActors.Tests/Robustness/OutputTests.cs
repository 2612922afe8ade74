using System.Diagnostics;
using EpcActors.Cli;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Tests.Cli;

namespace EpcActors.Tests.Robustness;

/// <summary>
/// Files that cannot be written, names that are none, disks that are full: one line, the right code, no half report.
/// </summary>
public sealed class OutputTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("--out", "")]
    [InlineData("--json", "")]
    [InlineData("--out", "bad\ufffdname")]
    [InlineData("--json", "bad\ufffdname")]
    [InlineData("--junit", "")]
    [InlineData("--junit", "bad\ufffdname")]
    [InlineData("--junit", ".")]
    [InlineData("--junit", "missing/report.xml")]
    [InlineData("--out", "good.conf")]
    [InlineData("--out", "good.conf/below")]
    [InlineData("--json", ".")]
    [InlineData("--json", "missing/report.json")]
    public async Task A_name_that_cannot_be_written_is_refused_before_the_run(string option, string name)
    {
        string path = name.Length == 0 ? name : _cli.At(name);
        string[] before = Names();
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, option, path);

        Assert.Equal(64, result.Code);
        string line = Assert.Single(result.ErrorLines);
        Assert.StartsWith($"epc: {option} ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", line, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", line, StringComparison.Ordinal);
        Assert.Equal(before, Names());
    }

    [Theory]
    [InlineData("race find R1 --budget 1 --resume")]
    [InlineData("check {good} --budget 1 --resume")]
    public async Task A_search_that_could_not_be_kept_does_not_begin(string command)
    {
        string[] words = command.Replace("{good}", _cli.GoodFile, StringComparison.Ordinal).Split(' ');
        CliResult result = await CliHarness.Call([.. words, _cli.Folder]);

        Assert.Equal(64, result.Code);
        Assert.Contains("it is a folder", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_document_replaces_a_link_whether_its_target_exists_or_not(bool exists)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string target = _cli.At("target.json");
        if (exists)
        {
            _cli.Write("target.json", "precious");
        }

        string link = _cli.At("link.json");
        File.CreateSymbolicLink(link, target);
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--json", link);

        Assert.Equal(0, result.Code);
        Assert.Null(new FileInfo(link).LinkTarget);
        Assert.Equal(exists ? "precious" : null, exists ? await File.ReadAllTextAsync(target) : null);
        Assert.Equal(exists, File.Exists(target));
    }

    /// <summary>
    /// All that an option writes appears together: the schedule of a race does not come without its page.
    /// </summary>
    [Theory]
    [InlineData("run {good} --out {out}", "report.json")]
    [InlineData("race show R1 --out {out}", "race.html")]
    [InlineData("race find R1 --out {out}", "trace.json")]
    [InlineData("compare {good} --kernels linux-6.16,epc-cgroup-v8 --out {out}", "compare.html")]
    public async Task What_fails_leaves_no_half_of_a_report(string command, string taken)
    {
        // A folder in the place of a file cannot be replaced, even by root.
        string folder = _cli.At("out");
        Directory.CreateDirectory(Path.Combine(folder, taken, "full"));
        string[] words = command.Split(' ');
        CliResult result = await CliHarness.Call(
            [.. words.Select(word => word.Replace("{good}", _cli.GoodFile).Replace("{out}", folder))]);

        Assert.Equal(74, result.Code);
        string line = Assert.Single(result.ErrorLines, line => line.StartsWith("epc: ", StringComparison.Ordinal));
        Assert.Contains($"{taken}: cannot write it: ", line, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Files_that_are_written_together_appear_together()
    {
        string first = _cli.At("first");
        string second = _cli.At("second");
        CommandException failure = Assert.Throws<CommandException>(() =>
        {
            using StagedFiles files = new();
            files.Add(first, stream => stream.Write("whole"u8));
            files.Add(second, stream =>
            {
                stream.Write("half"u8);
                throw new IOException("No space left on device : '/tmp/.second.0123.tmp'");
            });
            files.Commit();
        });

        Assert.Equal(ExitCode.OutputError, failure.Code);
        Assert.Equal($"{second}: cannot write it: No space left on device", failure.Message);
        Assert.DoesNotContain(Names(), name => name.Contains("first", StringComparison.Ordinal));
        Assert.DoesNotContain(Names(), name => name.Contains("second", StringComparison.Ordinal));
    }

    [Fact]
    public void Standard_output_that_is_closed_or_full_is_told_by_name()
    {
        UnauthorizedAccessException noFile = new("Access to the path is denied.");
        IOException noSpace = new("No space left on device");
        CommandException closed = Assert.Throws<CommandException>(() => Write(noFile));
        CommandException full = Assert.Throws<CommandException>(() => Write(noSpace));

        Assert.Equal(ExitCode.OutputError, closed.Code);
        Assert.Equal("cannot write to standard output: it is closed", closed.Message);
        Assert.Equal("cannot write to standard output: No space left on device", full.Message);

        static void Write(Exception error)
        {
            using StandardOutputStream output = new(new BrokenStream(error));
            output.Write("text"u8);
        }
    }

    [Theory]
    [InlineData("race test --help", "epc race has no command 'test'")]
    [InlineData("unmount --help", "epc has no command 'unmount'")]
    [InlineData("config sohw -h", "epc config has no command 'sohw'")]
    public async Task Help_of_a_command_that_is_not_there_says_so(string words, string expected)
    {
        CliResult result = await CliHarness.Call(words.Split(' '));

        Assert.Equal(64, result.Code);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Out);
    }

    [Theory]
    [InlineData("compare-driver {pipe}")]
    [InlineData("compare-driver {folder}")]
    [InlineData("cluster {good} --processes 1 --token-file {pipe}")]
    public async Task A_pipe_in_the_place_of_any_other_file_is_refused(string command)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string folder = _cli.At("recording");
        Directory.CreateDirectory(folder);
        string pipe = Path.Combine(folder, "operations.csv");
        using (Process mkfifo = Process.Start("mkfifo", [pipe]))
        {
            await mkfifo.WaitForExitAsync();
        }

        File.Copy(_cli.GoodFile, Path.Combine(folder, "scenario.conf"));
        CliResult result = await CliHarness.Call(
        [
            .. command.Split(' ').Select(word =>
                word.Replace("{pipe}", pipe).Replace("{folder}", folder).Replace("{good}", _cli.GoodFile)),
        ]);

        Assert.Equal(64, result.Code);
        Assert.Contains("it is a pipe, not a regular file", result.ErrorLines[^1], StringComparison.Ordinal);
        Assert.Contains("recording", result.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x\n")]
    [InlineData("operation,ms,nonsense\n0,1,2\n")]
    [InlineData("operation,ms,/no/such:misc.current\n0,1,2\n")]
    [InlineData("operation,ms,free_pages_node99\n0,1,2\n")]
    [InlineData("operation,ms,faults\n0,1,x\n")]
    [InlineData("operation,ms,faults\n0,1\n")]
    public async Task A_timed_recording_that_is_none_is_a_mistake_of_the_user(string operations)
    {
        _cli.Write("operations.csv", operations);
        _cli.Write("expected.txt", "");
        File.Copy(_cli.GoodFile, _cli.At("scenario.conf"));
        CliResult result = await CliHarness.Call("compare-driver", _cli.Folder);

        Assert.Equal(64, result.Code);
        Assert.Contains("operations.csv", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_cgroups_are_one_mistake()
    {
        string cgroups = string.Join('\n', Enumerable.Range(0, 65_535).Select(i => $"/c{i} {{ }}"));
        string file = _cli.Write(
            "many.conf", $"epc {{ cgroups {{ {cgroups} }}, enclaves {{ a {{ heap = 16 pages, cgroup = /c7 }} }} }}");
        CliResult result = await CliHarness.Call("run", file);

        Assert.Equal(64, result.Code);
        string line = Assert.Single(result.ErrorLines);
        Assert.Contains("65536 cgroups are defined; at most 65534 are possible", line, StringComparison.Ordinal);
    }

    private string[] Names()
    {
        string[] names = Directory.GetFileSystemEntries(_cli.Folder, "*", SearchOption.AllDirectories);
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    private sealed class BrokenStream(Exception error) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw error;
    }
}
