using System.Runtime.ExceptionServices;
using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>
/// Actor of a task: runs its routine from one answer to the next request, and stops when the routine has come to its
/// end. A task of a user or of a test has this class; those of the kernel have one of their own each.
/// </summary>
internal class RoutineActor(AkkaEngine engine, AkkaTask cell, ActorNode node) : EngineActor(engine, node)
{
    protected override bool HasEnded => cell.Task.HasStopped;

    protected sealed override bool AroundReceive(Receive receive, object message)
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

        return message is Reply reply ? Receive(reply) : ReceiveFromEngine(message, cell.Line);
    }

    protected override void PostStop()
    {
        cell.Timer?.Cancel();
        base.PostStop();
        cell.Line.GoDown();
    }

    /// <summary>Takes a stand-in's reply in place of that of the resource that was asked.</summary>
    private bool Receive(Reply reply)
    {
        if (cell.AtStandIn is not { } request || !reply.Fits(request) || !AkkaEngine.TakeFromStandIn(request))
        {
            Unhandled(reply);
            return false;
        }

        if (!Engine.IsStopping)
        {
            Engine.AnsweredByStandIn(request, reply, Sender);
            GoOn(request);
        }

        return true;
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

    /// <summary>Ends the actor after its routine; passes the exception of a failed routine on to Akka.</summary>
    private void End()
    {
        if (cell.Error is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }

        // Another actor may stand below it in the tree.
        if (Node.Children.Count == 0)
        {
            Context.Stop(Self);
        }
    }
}
