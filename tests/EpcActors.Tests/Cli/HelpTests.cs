using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Cli;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cli;

public sealed class HelpTests
{
    private const string Recordings = "tests/EpcActors.Tests/Golden/data";

    public static TheoryData<string> Commands =>
    [
        "", "run", "compare", "compare-driver", "config", "config show", "config validate", "config kernels",
        "config machines", "config costs", "config presets", "config schema", "completion", "engines",
        "import", "import k8s", "import gramine", "import occlum", "import sgxsdk", "import qemu", "import libvirt",
        "trace", "trace import", "trace fit",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    [InlineData("explore")]
    [InlineData("mount")]
    [InlineData("enclave")]
    [InlineData("test-sgx")]
    public async Task Help_teaches_with_examples_and_exit_codes(string command)
    {
        CliResult result = await CliHarness.Call([.. Words(command), "--help"]);

        Assert.Equal(0, result.Code);
        Assert.Empty(result.Error);
        Assert.Contains(
            $"Usage:\n  epc{(command.Length == 0 ? "" : " " + command)}",
            result.Out.ReplaceLineEndings("\n"),
            StringComparison.Ordinal);
        Assert.InRange(Examples(result.Out).Count, 2, 5);
        Assert.Contains("Exit codes:", result.Out, StringComparison.Ordinal);
        Assert.Contains("  64  ", result.Out, StringComparison.Ordinal);
        Assert.Contains("--help", result.Out, StringComparison.Ordinal);
        Assert.All(result.OutLines.Where(line => !line.StartsWith("  epc ", StringComparison.Ordinal)), line =>
            Assert.True(line.Length <= 100, line));
    }

    /// <summary>An example that the command line does not understand teaches nonsense.</summary>
    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Examples_of_the_help_are_command_lines_that_parse(string command)
    {
        using CliHarness cli = new();
        foreach (string example in Examples((await CliHarness.Call([.. Words(command), "--help"])).Out))
        {
            // A pipe and what follows it is the shell's; files get a name that exists, results a place of the test's.
            string line = Regex.Replace(example.Split(" | ")[0], @"\S*\*?\S*\.conf\b", Quoted(cli.GoodFile));
            line = line.Replace("--out results", "--out " + Quoted(cli.At("out")), StringComparison.Ordinal)
                .Replace("--junit results.xml", "--junit " + Quoted(cli.At("results.xml")), StringComparison.Ordinal)
                .Replace("-o web.trace", "-o " + Quoted(cli.At("web.trace")), StringComparison.Ordinal)
                .Replace(Recordings, Loading.RepositoryPath(Recordings), StringComparison.Ordinal)
                .Replace("--set epc.switches.epc-cgroup=off", "", StringComparison.Ordinal)
                .Replace(
                    "linux-5.15,linux-5.15-atomic-counter --known-bad linux-5.15",
                    "linux-6.16,epc-cgroup-v8",
                    StringComparison.Ordinal);
            CliResult result = await CliHarness.Call([.. CliHarness.SplitAsShell(line).Skip(1)]);

            Assert.True(result.Code == 0, $"{line}\n{result.Code}\n{result.Error}");
        }
    }

    /// <summary>These stay until they are stopped, or leave a file behind: they are parsed only.</summary>
    [Theory]
    [InlineData("explore")]
    [InlineData("mount")]
    [InlineData("enclave")]
    [InlineData("test-sgx")]
    public async Task Examples_of_commands_that_stay_parse(string command)
    {
        string help = (await CliHarness.Call(command, "--help")).Out;
        RootCommand root = EpcCommand.Create(
            CommandShell.Plain(TextWriter.Null, TextWriter.Null), new HelpWriter(EpcCommand.Page()));
        foreach (string example in Examples(help))
        {
            string line = example.EndsWith(" &", StringComparison.Ordinal) ? example[..^2] : example;
            ParseResult parsed = root.Parse([.. CliHarness.SplitAsShell(line).Skip(1)]);
            Assert.True(parsed.Errors.Count == 0, $"{line}\n{string.Join('\n', parsed.Errors)}");
            Assert.Equal(command, parsed.CommandResult.Command.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    [InlineData("explore")]
    [InlineData("mount")]
    public async Task Files_in_the_help_are_files_of_the_repository(string command)
    {
        foreach (
            Match name in Regex.Matches(
                (await CliHarness.Call([.. Words(command), "--help"])).Out,
                @"[\w/-]+/[\w-]+\.conf\b"))
        {
            Assert.True(File.Exists(Loading.RepositoryPath(name.Value)), name.Value);
        }
    }

    [Theory]
    [InlineData("run")]
    [InlineData("compare")]
    public async Task Help_of_runs_lists_every_exit_code_and_the_key_reference(string command)
    {
        CliResult result = await CliHarness.Call(command, "--help");

        foreach (ExitCode code in Enum.GetValues<ExitCode>())
        {
            Assert.Contains(result.OutLines, line =>
                line.StartsWith(
                    $"  {((int)code).ToString(CultureInfo.InvariantCulture),-2}  ",
                    StringComparison.Ordinal));
        }

        Assert.Contains("config/reference.conf", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Comparison_tells_how_to_compare_a_wrong_kernel_with_a_fixed_one()
    {
        string help = (await CliHarness.Call("compare", "--help")).Out;

        Assert.Contains("A kernel that is known to be wrong", help, StringComparison.Ordinal);
        Assert.Contains(
            "--kernels linux-5.15,linux-5.15-atomic-counter --known-bad linux-5.15",
            help,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("config")]
    public async Task Command_without_a_subcommand_shows_the_help_as_an_error(string command)
    {
        CliResult result = await CliHarness.Call(Words(command));

        Assert.Equal(64, result.Code);
        Assert.Empty(result.Out);
        Assert.Contains("Commands:", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("help")]
    [InlineData("help", "run")]
    [InlineData("help", "race", "find")]
    public async Task Help_is_a_command_as_well(params string[] words)
    {
        CliResult word = await CliHarness.Call(words);
        CliResult option = await CliHarness.Call([.. words[1..], "--help"]);

        Assert.Equal(0, word.Code);
        Assert.Equal(option.Out, word.Out);
        Assert.NotEmpty(word.Out);
    }

    [Fact]
    public async Task Short_help_options_work_but_are_not_taught()
    {
        CliResult result = await CliHarness.Call("run", "-h");

        Assert.Equal(0, result.Code);
        Assert.Contains("Usage:", result.Out, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"(^|\s)-[a-z?]\s", result.Out);
    }

    [Fact]
    public async Task Version_is_one_line()
    {
        CliResult result = await CliHarness.Call("--version");

        Assert.Equal(0, result.Code);
        Assert.Matches(@"^epc \d+\.\d+\.\d+", Assert.Single(result.OutLines));
    }

    private static string[] Words(string command) => command.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Quoted(string path) => path.Replace("'", @"'\''", StringComparison.Ordinal);

    private static List<string> Examples(string help)
    {
        string examples = help.ReplaceLineEndings("\n").Split("Examples:\n")[1].Split("\n\n")[0];
        return
        [
            .. examples
                .Split('\n')
                .Where(line => line.StartsWith("  epc ", StringComparison.Ordinal))
                .Select(line => line.Trim()),
        ];
    }
}
