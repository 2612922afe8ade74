using EpcActors.Cli;
using EpcActors.Cli.Terminal;

using StopSignals signals = new();
await using CommandShell shell = CommandShell.OfProcess();
shell.RunBegins = signals.RunBegins;
return await EpcCommand.InvokeAsync(args, shell, signals.Token);
