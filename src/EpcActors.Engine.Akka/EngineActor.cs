using Akka.Actor;
using EpcActors.Engine.Live;

namespace EpcActors.Engine.Akka;

/// <summary>
/// Base of every actor of the engine: it starts its children, and stops them when they fail. It never restarts one:
/// half of a failed actor's work may be done and cannot be repaired, so the run ends with the reason.
/// </summary>
/// <remarks>
/// The failing actor reports its failure before any supervisor hears of it. So any supervisor will do: an actor of the
/// engine, the guardian with our strategy, or the guardian of a system whose user wants restarts or escalates. An actor
/// that was started again handles nothing, since the run has failed by then.
/// </remarks>
internal abstract class EngineActor(AkkaEngine engine, ActorNode node) : ActorBase
{
    protected AkkaEngine Engine { get; } = engine;

    protected ActorNode Node { get; } = node;

    protected override bool Receive(object message) => AroundReceive(null!, message);

    protected override void PreStart()
    {
        try
        {
            foreach (ActorNode child in Node.Children)
            {
                Context.ActorOf(Engine.PropsOf(child), child.Name);
            }

            Node.Cell?.Hosted(Self, GetType());
            Engine.OnUp();
        }
        catch (Exception error) when (IsReported("its start", error))
        {
            throw;
        }
    }

    protected override void PostRestart(Exception reason) => Context.Stop(Self);

    protected override void PostStop()
    {
        if (!Engine.IsStopping && !HasEnded)
        {
            Engine.Failed(Node, "", new InvariantViolation("another actor stopped this one"));
        }
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <summary>True for an actor that may stop in the middle of a run.</summary>
    protected virtual bool HasEnded => false;

    /// <summary>Handles the engine's messages to resources and tasks alike; any other is unhandled.</summary>
    protected bool ReceiveFromEngine(object message, ActorLine line)
    {
        switch (message)
        {
            case Rest:
                line.Arrive();
                return true;
            case Performance performance:
                performance.Do();
                return true;
            default:
                Unhandled(message);
                return false;
        }
    }

    /// <summary>
    /// Reports a failure and returns false: for the filter of a catch, so that Akka sees the exception as it was
    /// thrown.
    /// </summary>
    /// <param name="asked">Name of the caller, or empty.</param>
    /// <param name="error">Exception that was thrown.</param>
    protected bool IsReported(string asked, Exception error)
    {
        Engine.Failed(Node, asked, error);
        return false;
    }
}

/// <summary>A name in the tree that is not an actor of the run.</summary>
internal sealed class FolderActor(AkkaEngine engine, ActorNode node) : EngineActor(engine, node)
{
    protected override bool AroundReceive(Receive receive, object message)
    {
        Unhandled(message);
        return false;
    }
}
