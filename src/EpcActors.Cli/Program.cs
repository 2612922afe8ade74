using EpcActors.Cli;
using EpcActors.Cli.Commands.Cluster;
using EpcActors.Cli.Terminal;

// Before anything opens a file: with too few handles already the console may fail.
if (
    FileHandles.Shortage(args is ["cluster" or "node", ..] ? $"{EpcCommand.Name} {args[0]}" : EpcCommand.Name) is
    { } shortage)
{
    new SilentWriter(Console.Error).WriteLine($"{EpcCommand.Name}: {shortage}");
    return (int)ExitCode.NotSupported;
}

HugePages.AdviseForHeap();
using StopSignals signals = new();
await using CommandShell shell = CommandShell.OfProcess();
shell.RunBegins = signals.RunBegins;
signals.EndAtOnce = () => shell.EndAtOnce();
return await EpcCommand.InvokeAsync(args, shell, signals.Token);
