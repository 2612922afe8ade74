using EpcActors.Cli;
using EpcActors.Cli.Terminal;

namespace EpcActors.Tests.Cli;

public sealed class UsageTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("epc has no command 'rnu'; did you mean run?", "rnu")]
    [InlineData(
        "epc has no command 'frobnicate'; there are: run, compare, size, costs, calibrate, compare-driver, cluster, "
            + "node, mount, enclave, test-sgx, check, race, explore, config, new, import, trace, completion, engines",
        "frobnicate")]
    [InlineData("epc config has no command 'shwo'; did you mean show?", "config", "shwo")]
    [InlineData("epc has no option --hepl; did you mean --help?", "--hepl")]
    [InlineData("epc run has no option --sed; did you mean --seed?", "run", "FILE", "--sed", "5")]
    [InlineData("epc run has no option --sed; did you mean --seed?", "run", "--sed=5", "FILE")]
    [InlineData("epc run has no option --exepct; did you mean --expect?", "run", "FILE", "--exepct")]
    [InlineData("epc compare has no option --kernel; did you mean --kernels?", "compare", "FILE", "--kernel", "a")]
    [InlineData("FILE is missing: epc run FILE", "run")]
    [InlineData("FILE is missing: epc config validate FILE", "config", "validate")]
    [InlineData("--seed needs a value: --seed N", "run", "FILE", "--seed")]
    [InlineData("--set needs a value: --set key=value", "run", "FILE", "--set")]
    [InlineData("--seed x: a seed is a whole number from 0", "run", "FILE", "--seed", "x")]
    [InlineData("--seed -5: a seed is a whole number from 0", "run", "FILE", "--seed", "-5")]
    [InlineData("--set foo: write --set key=value", "run", "FILE", "--set", "foo")]
    [InlineData("--set =foo: write --set key=value", "run", "FILE", "--set", "=foo")]
    [InlineData("unexpected 'more': epc run takes one FILE", "run", "FILE", "more")]
    [InlineData("unexpected 'more': epc engines takes no argument", "engines", "more")]
    [InlineData("unexpected 'true': epc run takes one FILE", "run", "FILE", "--quiet", "true")]
    public async Task Mistake_in_the_command_line_is_told_with_what_was_meant(string message, params string[] args)
    {
        CliResult result = await CliHarness.Call([.. args.Select(arg => arg == "FILE" ? _cli.GoodFile : arg)]);

        Assert.Equal(64, result.Code);
        Assert.Empty(result.Out);
        Assert.StartsWith($"epc: {message}", result.ErrorLines[0], StringComparison.Ordinal);
        Assert.Equal(2, result.ErrorLines.Count);
        Assert.EndsWith("--help' shows the options and examples.", result.ErrorLines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-DHEAP=1MiB")]
    [InlineData("--hepl")]
    public async Task Option_where_several_files_may_stand_is_no_file(string word)
    {
        CliResult result = await CliHarness.Call("config", "validate", _cli.GoodFile, word);

        Assert.Equal(64, result.Code);
        Assert.Contains("option", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("in that folder", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("config", "show")]
    [InlineData("config", "validate")]
    [InlineData("compare", "--kernels", "linux-6.16,epc-cgroup-v8")]
    public async Task Missing_file_is_told_with_the_one_that_was_meant(params string[] command)
    {
        // Nearer by the alphabet, but not what was meant.
        _cli.Write("good-day.conf", "epc {}");
        foreach (string name in (string[])[_cli.At("god.conf"), _cli.At("good")])
        {
            CliResult result = await CliHarness.Call([.. command, name]);

            Assert.Equal(64, result.Code);
            Assert.Contains(
                $"{name}: there is no such file; did you mean {_cli.GoodFile}?",
                result.Error,
                StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Missing_file_with_no_like_lists_what_is_there()
    {
        CliResult result = await CliHarness.Call("run", _cli.At("something-else.conf"));
        Assert.Contains(
            "in that folder: disappointed.conf, good.conf, racy.conf",
            result.Error,
            StringComparison.Ordinal);

        Assert.Contains(
            "this is a folder",
            (await CliHarness.Call("run", _cli.Folder)).Error,
            StringComparison.Ordinal);
        Assert.Contains(
            "and no folder ",
            (await CliHarness.Call("run", _cli.At("nowhere/x.conf"))).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_configuration_is_told_by_place_without_a_stack_trace()
    {
        string file = _cli.Write("wrong.conf", "epc {\n  seeed = 1\n  run { duration = 5 }\n}\n");
        CliResult result = await CliHarness.Call("run", file);

        Assert.Equal(64, result.Code);
        Assert.Empty(result.Out);
        Assert.Equal(2, result.ErrorLines.Count);
        Assert.StartsWith($"{file}:2:3: epc.seeed: ", result.ErrorLines[0], StringComparison.Ordinal);
        Assert.Contains("did you mean 'seed'", result.ErrorLines[0], StringComparison.Ordinal);
        Assert.StartsWith($"{file}:3:", result.ErrorLines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_of_an_unknown_key_suggests()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--set", "epc.kernal=linux-6.16");

        Assert.Equal(64, result.Code);
        Assert.Contains("did you mean 'kernel'", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_engine_is_a_mistake()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--engine", "simulatoin");

        Assert.Equal(64, result.Code);
        Assert.Contains("did you mean simulation?", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await CliHarness.Call("run", _cli.GoodFile, "--engine", "simulation", "--no-slowdown")).Code);
    }

    [Theory]
    [InlineData("--out")]
    [InlineData("--json")]
    public async Task Results_that_cannot_be_written_are_found_before_the_run(string option)
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, option, Path.Combine(_cli.GoodFile, "below"));

        Assert.Equal(64, result.Code);
        Assert.Empty(result.Out);
        Assert.StartsWith($"epc: {option} ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Word_that_begins_with_an_at_sign_is_a_word_and_not_a_response_file()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--engine", "@x");

        Assert.StartsWith("epc: --engine @x: there is no such engine", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain-1.2_x/y:z,=", "plain-1.2_x/y:z,=")]
    [InlineData("", "''")]
    [InlineData("a b", "'a b'")]
    [InlineData("it's", @"'it'\''s'")]
    [InlineData("$x`y`\"z\"\\", "'$x`y`\"z\"\\'")]
    [InlineData("~", "'~'")]
    [InlineData("*?", "'*?'")]
    [InlineData("=ls", "'=ls'")]
    [InlineData("a\nb'c\u001b", @"$'a\nb\'c\033'")]
    public void Words_are_quoted_for_a_posix_shell(string word, string expected) =>
        Assert.Equal(expected, ShellQuoting.Quote(word, ShellDialect.Posix));

    [Theory]
    [InlineData("a.conf", "a.conf")]
    [InlineData("it's $x", "'it''s $x'")]
    [InlineData("a,b", "'a,b'")]
    public void Words_are_quoted_for_powershell(string word, string expected) =>
        Assert.Equal(expected, ShellQuoting.Quote(word, ShellDialect.PowerShell));

    [Fact]
    public void Worse_code_wins_and_a_violation_outweighs_a_cut()
    {
        Assert.Equal(ExitCode.Violation, ExitCodes.Worse(ExitCode.Inconclusive, ExitCode.Violation));
        Assert.Equal(ExitCode.Inconclusive, ExitCodes.Worse(ExitCode.Inconclusive, ExitCode.Pass));
        Assert.Equal(ExitCode.EmulatorError, ExitCodes.Worse(ExitCode.Violation, ExitCode.EmulatorError));
    }
}
