using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Akka.Actor;
using Akka.Event;
using EpcActors.Engine.Live;

namespace EpcActors.Engine.Akka;

/// <content>Messages that others can see, send and answer: the tap, requests of outside actors, stand-ins for
/// resources.</content>
public sealed partial class AkkaEngine
{
    private readonly ConcurrentQueue<TaskActor> _externals = new();
    private readonly bool _logsReceive;
    private readonly MessageTap _tap;
    private bool _isTapOpen;
    private int _lastId;

    protected override IEnumerable<TaskActor> Askers => base.Askers.Concat(_externals);

    /// <summary>
    /// Sends requests to <paramref name="standIn"/> in place of a resource, before or during the run: it gets a
    /// <see cref="Request{TMessage}"/> for each request of a task, with the task's actor as its sender, and answers it
    /// with a <see cref="Reply{TMessage}"/>, or forwards it to the resource's own actor
    /// (<see cref="RefOf(Resource)"/>). A task waits for as long as it takes.
    /// </summary>
    /// <remarks>
    /// The resource stays as it is, and so do the books of the oracle: an answer of a stand-in changes nothing in the
    /// model, and is in no count of messages. An answer that lets a task go on as if something had happened (a charge
    /// that fits) is found by the next audit.
    /// </remarks>
    public void StandIn(Resource resource, IActorRef standIn)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(standIn);
        ((AkkaResource)CellOf(resource.Id)).StandIn = standIn;
    }

    /// <summary>
    /// Has the resource asked itself again. Requests that its stand-in has are still to be answered or forwarded by it.
    /// </summary>
    public void StandDown(Resource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ((AkkaResource)CellOf(resource.Id)).StandIn = null;
    }

    /// <summary>
    /// A resource's actor has a typed request. False: it is not understood, or the actors are conducted.
    /// </summary>
    internal bool AskFor(Request request, AkkaResource target, IActorRef sender)
    {
        if (IsConducted || sender.IsNobody() || !request.IsUnderstoodBy(target.Resource))
        {
            return false;
        }

        _watch.Tell(new ExternalRequest(request, target), sender);
        return true;
    }

    /// <summary>Props of the actor that asks for an outside one. On the thread of <see cref="RunWatch"/>.</summary>
    /// <param name="asker">The outside actor, or the folder that it is in, when it is one of many that are asked for
    /// together.</param>
    /// <param name="watched">The outside actor; null when it cannot be watched.</param>
    internal Props PropsOfExternal(ActorPath asker, IActorRef? watched)
    {
        ExternalTask task = new(new ActorId(++_lastId), asker.ToStringWithoutAddress());
        AkkaTask cell = new(this, task, "") { AskerPath = asker };
        task.Attach(this, cell);
        _externals.Enqueue(task);
        return ActorProducer<ExternalActor>.Props(() => new ExternalActor(this, cell, watched))
            .WithDispatcher(Options.TaskDispatcher);
    }

    internal void ExternalArrived() => OnExternalArrived();

    internal void ExternalLeft() => OnExternalLeft();

    internal void PostExternal(Envelope envelope, AkkaResource target)
    {
        OnExternalAsks();
        envelope.Caller.Outstanding = envelope;
        target.Line.Ref.Tell(envelope, ActorRefs.NoSender);
    }

    internal void ExternalAnswered(Envelope envelope)
    {
        envelope.Caller.Outstanding = null;
        envelope.MarkAnswered();
        OnExternalAnswered();
    }

    /// <summary>True for the first that answers or forwards the request.</summary>
    internal static bool TakeFromStandIn(Envelope request) =>
        Unsafe.As<AkkaTask>(request.Caller.EngineState!).TakeFromStandIn(request);

    /// <summary>A stand-in has answered: the task goes on with what it says.</summary>
    internal void AnsweredByStandIn(Envelope request, Reply reply, IActorRef standIn)
    {
        object? asked = IsWatched ? request.Describe() : null;
        reply.Fill(request);
        if (asked is not null)
        {
            Show(standIn.Path, standIn.GetType(), "", request, asked, request.Describe());
        }
    }

    protected override void OnDelivered(ResourceCell cell, Envelope request, object asked, object? answer)
    {
        AkkaResource resource = (AkkaResource)cell;
        string words = Options.Words?.Invoke(
            resource.Resource.Name,
            asked.GetType().Name,
            MessageFields.Of(asked, null),
            answer is null ? null : MessageFields.Of(answer, asked)) ?? "";
        Show(resource.Line.Ref.Path, resource.Line.ActorClass, words, request, asked, answer);
    }

    private void Show(ActorPath resource, Type actorClass, string words, Envelope request, object asked, object? answer)
    {
        ActorPath asker = ((AkkaTask)request.Caller.EngineState!).AskerPath;
        MessageDelivered delivered = new(asker, resource, request.Kind, asked, answer, words);
        if (Volatile.Read(ref _isTapOpen))
        {
            ActorSystem.EventStream.Publish(delivered);
        }

        if (_logsReceive)
        {
            // Akka itself would log the envelope and no sender.
            string line = $"received handled message {delivered.Line} from {asker}";
            ActorSystem.EventStream.Publish(new Debug(resource.ToString(), actorClass, line));
        }
    }

    private void AskStandIn(Envelope envelope, AkkaTask caller, IActorRef standIn)
    {
        caller.AtStandIn = envelope;
        standIn.Tell(envelope.Read(RequestMaker.Instance), caller.Line.Ref);
    }

    private void OpenTap()
    {
        _lastId = Math.Max(
            Cells.Select(static cell => cell.Resource.Id.Index).DefaultIfEmpty().Max(),
            TaskCells.Select(static cell => cell.Task.Id.Index).DefaultIfEmpty().Max());
        _tap.Attach(OnTap);
    }

    private void CloseTap() => _tap.Detach(OnTap);

    private void OnTap()
    {
        Volatile.Write(ref _isTapOpen, Options.Tap || _tap.IsOpen);
        IsWatched = _isTapOpen || _logsReceive;
    }
}
