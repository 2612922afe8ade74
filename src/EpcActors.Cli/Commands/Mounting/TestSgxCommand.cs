using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Mount.Live;

namespace EpcActors.Cli.Commands.Mounting;

/// <summary><c>epc test-sgx</c>: writes the stand-in for the kernel's test program.</summary>
internal static class TestSgxCommand
{
    public static Command Create(CommandShell shell)
    {
        Argument<string> file = new("FILE")
        {
            Description = "the program to write (default: ./test_sgx, where the kernel's scripts look for it)",
            DefaultValueFactory = static _ => "test_sgx",
        };
        DocumentedCommand command = new(
            "test-sgx",
            "Writes a stand-in for the kernel's SGX test program, a small shell script, for scripts under epc mount.",
            Page())
        {
            file,
        };
        command.SetAction(parsed => (int)Write(shell, parsed.GetRequiredValue(file)));
        return command;
    }

    private static ExitCode Write(CommandShell shell, string file)
    {
        OutputPath.RequireWritableFile("FILE", file);
        File.WriteAllText(file, StandIns.Programs[StandIns.TestProgram]);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(
                file, File.GetUnixFileMode(file) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute
                    | UnixFileMode.OtherExecute);
        }

        shell.Out.WriteLine($"written to {file}");
        return ExitCode.Pass;
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "It takes -t NAME, as often as needed: unclobbered_vdso, unclobbered_vdso_oversubscribed and "
                + "unclobbered_vdso_oversubscribed_remove; it prints TAP and ends with 0 when all passed, 1 when one "
                + "failed, 4 when there is no device. Under 'epc mount FILE -- COMMAND' it is in PATH already.",
        ],
        Examples =
        [
            new("epc test-sgx", "Beside the kernel's scripts, which call ./test_sgx"),
            new("epc test-sgx bin/test_sgx", "Anywhere else"),
        ],
        ExitCodes = [.. StandardExitCodes.OfQueries, (ExitCode.OutputError, "the file could not be written")],
        SeeAlso = ["docs/mount.md: the kernel's self-tests"],
    };
}
