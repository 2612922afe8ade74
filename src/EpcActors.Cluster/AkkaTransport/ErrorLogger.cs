using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;
using EpcActors.Engine.Akka;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// Logs to standard error, as <see cref="StandardErrorLogger"/>; but at the level ERROR, which is the default here,
/// without the messages of Akka.Remote about broken connections or ports in use: those come as changes of the
/// membership, or as exceptions. A message that cannot be read is written in any case.
/// </summary>
public sealed class ErrorLogger : UntypedActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized());
                break;
            case LogEvent entry when IsWanted(entry, Context.System.Settings.LogLevel):
                Console.Error.WriteLine(entry);
                break;
        }
    }

    internal static bool IsWanted(LogEvent entry, string level) =>
        !level.Equals("ERROR", StringComparison.OrdinalIgnoreCase)
        || entry.Cause?.GetBaseException() is SerializationException
        || !IsOfRemoting(entry);

    private static bool IsOfRemoting(LogEvent entry) =>
        entry.LogClass?.Namespace?.StartsWith("Akka.Remote", StringComparison.Ordinal) == true
        || entry.LogSource.StartsWith("remoting", StringComparison.Ordinal)
        || entry.LogSource.Contains("/system/endpointManager/", StringComparison.Ordinal);
}
