using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using EpcActors.Cli.Commands;
using EpcActors.Cli.Commands.Completion;
using EpcActors.Cli.Commands.Explore;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Commands.Mounting;
using EpcActors.Cli.Commands.Races;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;
using EpcActors.Cluster.Transport;
using EpcActors.Races;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli;

/// <summary>
/// The command <c>epc</c>: reads the words, runs the subcommand, turns every failure into a message and an exit code.
/// </summary>
internal static class EpcCommand
{
    public const string Name = "epc";

    /// <summary>Version of this build, with the commit when it is known.</summary>
    public static string Version { get; } =
        typeof(EpcCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    /// <summary>Runs the command as a process would, writing plain text to two writers.</summary>
    public static Task<int> InvokeAsync(
        string[] args,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken
    ) => InvokeAsync(args, CommandShell.Plain(output, error), cancellationToken);

    /// <summary>Runs the command.</summary>
    /// <returns>The exit code, one of <see cref="ExitCode"/>.</returns>
    public static async Task<int> InvokeAsync(string[] args, CommandShell shell, CancellationToken cancellationToken)
    {
        HelpWriter help = new(Page());
        RootCommand root = Create(shell, help);
        if (args is ["help", .. var words])
        {
            // As git and dotnet have it.
            args = [.. words, "--help"];
        }

        ParseResult parsed = root.Parse(
            args,
            new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
        {
            ParseErrors.Write(parsed, help, shell.Error);
            return (int)ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = shell.Out,
                    Error = shell.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                cancellationToken);
        }
        catch (ConfigurationException wrong)
        {
            shell.Error.WriteLine(wrong.ToString());
            return (int)ExitCode.Usage;
        }
        catch (CommandException failure)
        {
            shell.Error.WriteLine($"{Name}: {failure.Message}");
            return (int)failure.Code;
        }
        catch (RaceSetupException wrong)
        {
            shell.Error.WriteLine($"{Name}: the race cannot begin: {wrong.Message}");
            return (int)ExitCode.Usage;
        }
        catch (ClusterException failure)
        {
            shell.Error.WriteLine($"{Name}: {failure.Message}");
            return (int)ExitCodes.Of(failure.Kind);
        }
        catch (OperationCanceledException)
        {
            shell.Error.WriteLine($"{Name}: cancelled");
            return (int)ExitCode.Inconclusive;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            shell.Error.WriteLine($"{Name}: {failure.Message}");
            return (int)ExitCode.OutputError;
        }
        catch (Exception failure)
        {
            shell.Error.WriteLine(
                $"{Name}: an error in {Name} itself, version {Version}; please report it with the command line:");
            shell.Error.WriteLine(failure.ToString());
            shell.Error.WriteLine(ShellQuoting.Join([Name, .. args], shell.Dialect));
            return (int)ExitCode.EmulatorError;
        }
    }

    /// <summary>The table of all commands.</summary>
    internal static RootCommand Create(CommandShell shell, HelpWriter help)
    {
        RootCommand root = new(
            "An emulator of how Linux manages the SGX Enclave Page Cache: cgroups, reclaim, eviction and everything "
            + "that goes wrong between them. "
            + "No SGX hardware is needed.")
        {
            RunCommand.Create(shell),
            CompareCommand.Create(shell),
            SizeCommand.Create(shell),
            CostsCommand.Create(shell),
            CalibrateCommand.Create(shell),
            CompareDriverCommand.Create(shell),
            ClusterCommand.Create(shell),
            NodeCommand.Create(shell),
            MountCommand.Create(shell),
            EnclaveCommand.Create(shell),
            TestSgxCommand.Create(shell),
            CheckCommand.Create(shell),
            RaceCommand.Create(shell),
            ExploreCommand.Create(shell),
            ConfigCommand.Create(shell),
            NewCommand.Create(shell),
            ImportCommand.Create(shell),
            TraceCommand.Create(shell),
            CompletionCommandLine.Create(shell),
            EnginesCommand.Create(shell),
        };

        // The library's own options print in another style, and -h is for those who have it in their fingers.
        root.Options.Clear();
        root.Options.Add(
            new HelpOption("--help", "-h", "-?")
            {
                Action = help,
                Description = "this help, or that of a command",
                Recursive = true,
            });
        root.Options.Add(new VersionOption("--version") { Action = new VersionWriter(), Description = "the version" });
        return root;
    }

    internal static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc run config/quickstart.conf", "Run a scenario and see who faults and who slows whom"),
            new("epc compare config/quickstart.conf --kernels linux-6.16,epc-cgroup-v8", "The same on two kernels"),
            new("epc config show config/quickstart.conf --all --origins", "Every key, and where its value comes from"),
        ],
        ExitCodes = StandardExitCodes.OfRuns("a rule was broken"),
        SeeAlso = ["epc <command> --help: options and examples of a command", .. StandardExitCodes.KeyReference],
    };

    private sealed class VersionWriter : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"{Name} {Version}");
            return (int)ExitCode.Pass;
        }
    }
}
