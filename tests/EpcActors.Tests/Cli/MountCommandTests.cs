using EpcActors.Tests.Mount;

namespace EpcActors.Tests.Cli;

/// <summary>The commands around a mount, as far as they need none.</summary>
public sealed class MountCommandTests
{
    [Fact]
    public async Task The_stand_in_for_the_test_program_is_written_executable()
    {
        using CliHarness cli = new();
        string file = cli.At("test_sgx");
        CliResult result = await CliHarness.Call(["test-sgx", file]);
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.StartsWith("#!/bin/sh\n", File.ReadAllText(file), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.NotEqual(default, File.GetUnixFileMode(file) & UnixFileMode.UserExecute);
        }
    }

    [Theory]
    [InlineData("--heap", "much", "'much' is not a valid size; write it as 64 MiB")]
    [InlineData("--touch", "often", "a whole number of laps, or forever")]
    [InlineData("--heap", "1 MiB", "no machine is mounted here")]
    public async Task An_enclave_needs_a_size_and_a_machine(string option, string value, string words)
    {
        CliResult result = await CliHarness.Call(["enclave", option, value]);
        Assert.Equal(64, result.Code);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [MountTheory]
    [InlineData("there is no such directory; make it first", "/nowhere/at/all")]
    [InlineData("write -- before a command", "sh", "-c")]
    public async Task A_mount_needs_a_directory(string words, params string[] rest)
    {
        using CliHarness cli = new();
        CliResult result = await CliHarness.Call(["mount", cli.GoodFile, .. rest]);
        Assert.Equal(64, result.Code);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [MountFact]
    [Trait("tier", "slow")]
    public async Task A_command_runs_with_its_own_exit_code()
    {
        using CliHarness cli = new();
        CliResult result = await CliHarness.Call(
            ["mount", cli.GoodFile, "--at", cli.Folder, "--quiet", "--", "sh", "-c", "exit 5"]);
        Assert.Equal((5, ""), (result.Code, result.Error));
    }
}
