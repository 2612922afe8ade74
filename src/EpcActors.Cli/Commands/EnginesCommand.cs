using System.CommandLine;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc engines</c>: what this build can run on.</summary>
internal static class EnginesCommand
{
    public static Command Create(CommandShell shell)
    {
        DocumentedCommand command = new("engines", "Lists the engines: what each is for, what it promises, and how to get one that is missing.", Page());
        command.SetAction(_ =>
        {
            Write(shell);
            return (int)ExitCode.Pass;
        });
        return command;
    }

    private static void Write(CommandShell shell)
    {
        TextWriter text = shell.Out;
        int columns = shell.Console.Profile.Width;
        int width = shell.Engines.Entries.Max(one => one.Name.Length) + 2;
        bool isFirst = true;
        foreach (EngineEntry entry in shell.Engines.Entries)
        {
            string state = !entry.IsAvailable ? "not in this build"
                : entry == shell.Engines.Default ? "in this build, the default"
                : entry == shell.Engines.DefaultLive ? "in this build, the default of live runs (--live)"
                : "in this build";
            if (!isFirst)
            {
                text.WriteLine();
            }

            isFirst = false;
            Columns.Write(text, entry.Name, width, state, columns);
            Columns.Write(text, "", width, "time: " + (entry.IsLive ? "real, on real threads" : "virtual"), columns);
            Columns.Write(text, "", width, "for: " + entry.Purpose, columns);
            Columns.Write(text, "", width, "guarantees: " + entry.Guarantees, columns);
            if (entry.BuiltOn.Length > 0)
            {
                Columns.Write(text, "", width, "built on: " + entry.BuiltOn, columns);
            }

            if (!entry.IsAvailable)
            {
                Columns.Write(text, "", width, "how to get it: " + entry.HowToGet, columns);
            }
        }
    }

    private static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc engines", "Which engines has this build?"),
            new("epc run config/scenarios/sgx2-storm.conf --live", "Runs on the live engine that is the default of this build"),
            new("epc run config/scenarios/sgx2-storm.conf --engine threads", "Runs on the engine of that name"),
        ],
        ExitCodes = [(ExitCode.Pass, "done"), (ExitCode.Usage, "a mistake in the command line")],
        SeeAlso = ["epc run --help: exit code 3 says that the engine asked for is not here"],
    };
}
