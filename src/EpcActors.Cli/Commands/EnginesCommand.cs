using System.CommandLine;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc engines</c>: what a scenario can run on.</summary>
internal static class EnginesCommand
{
    public static Command Create(CommandShell shell)
    {
        DocumentedCommand command = new("engines", "Lists the engines: what each is for and what it promises.", Page());
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
            string state = entry == shell.Engines.Default ? "the default"
                : entry == shell.Engines.DefaultLive ? "the default of live runs (--live)"
                : "for live runs (--live)";
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
        }
    }

    private static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc engines", "Which engines are there?"),
            new("epc run config/scenarios/sgx2-storm.conf --live", "Runs on the default live engine"),
            new("epc run config/scenarios/sgx2-storm.conf --engine threads", "Runs on the engine of that name"),
        ],
        ExitCodes = [(ExitCode.Pass, "done"), (ExitCode.Usage, "a mistake in the command line")],
        SeeAlso = ["epc run --help"],
    };
}
