using System.Runtime.ExceptionServices;
using Akka.Actor;
using EpcActors.Engine.Live;

namespace EpcActors.Engine.Akka;

/// <summary>
/// What every actor of the engine does: it starts those that stand below it, and stops them when they fail. Nothing is ever restarted: what a failed actor has half done
/// cannot be repaired, so the run ends and says why.
/// </summary>
/// <remarks>
/// A failure is reported by the one it happens to, before any supervisor hears of it. So it does not matter who that is: an actor of the engine, the guardian
/// with our strategy, or the guardian of a system whose user wants restarts or escalates. A shell that was started again handles nothing, since the run has failed by then.
/// </remarks>
internal abstract class EngineActor(AkkaEngine engine, ActorNode node) : ActorBase
{
    protected AkkaEngine Engine { get; } = engine;

    protected ActorNode Node { get; } = node;

    /// <summary>Shells never change their behaviour, so there is no need for a delegate on the path of each message.</summary>
    protected override bool AroundReceive(Receive receive, object message)
    {
        bool isHandled = Receive(message);
        if (!isHandled)
        {
            Unhandled(message);
        }

        return isHandled;
    }

    protected override void PreStart()
    {
        try
        {
            foreach (ActorNode child in Node.Children)
            {
                Context.ActorOf(Engine.PropsOf(child), child.Name);
            }

            Node.Cell?.Hosted(Self);
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
            Engine.Failed(Node, "", new InvariantViolation("somebody else stopped the actor"));
        }
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <summary>True for an actor that may stop in the middle of a run.</summary>
    protected virtual bool HasEnded => false;

    /// <summary>What the engine tells resources and tasks alike.</summary>
    protected static bool ReceiveFromEngine(object message, ShellLine line)
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
                return false;
        }
    }

    /// <summary>Reports a failure and says that it is not dealt with: for the filter of a catch, so that Akka sees it as it was thrown.</summary>
    /// <param name="asked">Who asked, or empty.</param>
    /// <param name="error">What was thrown.</param>
    protected bool IsReported(string asked, Exception error)
    {
        Engine.Failed(Node, asked, error);
        return false;
    }
}

/// <summary>A name in the tree that is no actor of the run.</summary>
internal sealed class Folder(AkkaEngine engine, ActorNode node) : EngineActor(engine, node)
{
    protected override bool Receive(object message) => false;
}

/// <summary>Hosts any resource: requests come in, are handled to their end, and their answers are told to the tasks that asked.</summary>
internal sealed class ResourceShell(AkkaEngine engine, AkkaResource cell, ActorNode node) : EngineActor(engine, node)
{
    protected override bool Receive(object message)
    {
        if (message is Envelope request)
        {
            // A run that ends leaves requests where they are.
            if (!Engine.IsStopping)
            {
                Handle(request);
            }

            return true;
        }

        if (ReferenceEquals(message, Signal.Visit))
        {
            Visit();
            return true;
        }

        return ReceiveFromEngine(message, cell.Line);
    }

    protected override void PostStop()
    {
        base.PostStop();
        cell.Line.GoDown();
    }

    private void Handle(Envelope request)
    {
        try
        {
            Engine.HandleIn(cell, request);
        }
        catch (Exception error) when (IsReported(request.Caller.Name, error))
        {
            throw;
        }
    }

    private void Visit()
    {
        try
        {
            Engine.VisitIn(cell);
        }
        catch (Exception error) when (IsReported("a cut", error))
        {
            throw;
        }
    }
}

/// <summary>Hosts any task: runs its routine from one answer to the next request. Stops when the routine has come to its end.</summary>
internal sealed class TaskShell(AkkaEngine engine, AkkaTask cell, ActorNode node) : EngineActor(engine, node)
{
    protected override bool HasEnded => cell.Task.HasStopped;

    protected override bool Receive(object message)
    {
        if (message is Envelope answer)
        {
            if (!Engine.IsStopping)
            {
                GoOn(answer);
            }

            return true;
        }

        if (message is Signal signal)
        {
            if (!Engine.IsStopping)
            {
                GoOn(signal);
            }

            return true;
        }

        return ReceiveFromEngine(message, cell.Line);
    }

    protected override void PostStop()
    {
        cell.Timer?.Cancel();
        base.PostStop();
        cell.Line.GoDown();
    }

    private void GoOn(Envelope answer)
    {
        try
        {
            AkkaEngine.GoOnWith(answer);
        }
        catch (Exception error) when (IsReported("", error))
        {
            throw;
        }

        if (cell.Task.HasStopped)
        {
            End();
        }
    }

    private void GoOn(Signal signal)
    {
        try
        {
            if (ReferenceEquals(signal, Signal.Begin))
            {
                cell.Task.Begin();
            }
            else if (ReferenceEquals(signal, Signal.Wake))
            {
                cell.Timer = null;
                Engine.WokenIn(cell);
            }
        }
        catch (Exception error) when (IsReported("", error))
        {
            throw;
        }

        if (cell.Task.HasStopped)
        {
            End();
        }
    }

    /// <summary>The routine has come to its end, or failed: then Akka is to know what it threw.</summary>
    private void End()
    {
        if (cell.Error is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }

        // Somebody else may stand below it in the tree.
        if (Node.Children.Count == 0)
        {
            Context.Stop(Self);
        }
    }
}
