using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>
/// Actor of a resource: requests come in, are handled to their end, and their answers are told to the tasks that asked.
/// A resource of a user or of a test has this class; those of the kernel have one of their own each, so that logs and
/// tools tell them apart.
/// </summary>
/// <remarks>It never changes its behaviour, so there is no need for a delegate on the path of each message.</remarks>
internal class ResourceActor(AkkaEngine engine, AkkaResource cell, ActorNode node) : EngineActor(engine, node)
{
    protected sealed override bool AroundReceive(Receive receive, object message)
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

        return message is Request asked ? Receive(asked) : ReceiveFromEngine(message, cell.Line);
    }

    protected override void PostStop()
    {
        base.PostStop();
        cell.Line.GoDown();
    }

    /// <summary>A typed request of an actor outside of the engine, or one that a stand-in forwards.</summary>
    private bool Receive(Request request)
    {
        if (request.Forwarded is { } forwarded)
        {
            if (forwarded.Target == cell.Resource.Id && AkkaEngine.TakeFromStandIn(forwarded))
            {
                if (!Engine.IsStopping)
                {
                    Handle(forwarded);
                }

                return true;
            }
        }
        else if (Engine.AskFor(request, cell, Sender))
        {
            return true;
        }

        Unhandled(request);
        return false;
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
