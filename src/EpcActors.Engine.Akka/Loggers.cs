using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;

namespace EpcActors.Engine.Akka;

/// <summary>Logs to standard error: standard output belongs to reports.</summary>
public sealed class StandardErrorLogger : UntypedActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized());
                break;
            case LogEvent entry:
                Console.Error.WriteLine(entry);
                break;
        }
    }
}

/// <summary>As <see cref="StandardErrorLogger"/>, while the system starts and ends.</summary>
public sealed class EarlyLogger : MinimalLogger
{
    protected override void Log(object message) => Console.Error.WriteLine(message);
}
