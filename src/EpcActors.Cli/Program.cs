using EpcActors.Cli;
using EpcActors.Cli.Terminal;

using StopSignals signals = new();
await using CommandShell shell = CommandShell.OfProcess();
return await EpcCommand.InvokeAsync(args, shell, signals.Token);
