using Akka.Actor;
using EpcActors.Engine.Live;

namespace EpcActors.Engine.Akka;

/// <summary>Common part of the engine's records of resources and tasks.</summary>
internal interface ICell
{
    /// <summary>Name of the resource or task.</summary>
    string Name { get; }

    /// <summary>Props of its actor, with the class of its kind.</summary>
    Props Props(ActorNode node);

    /// <summary>The actor exists; it is about to be started.</summary>
    void Hosted(IActorRef actor, Type actorClass);
}

/// <summary>The line from the engine to an actor, and its state.</summary>
internal sealed class ActorLine
{
    private Rest? _rest;
    private bool _isDown;

    /// <summary>The actor. Written before the run begins.</summary>
    public IActorRef Ref { get; private set; } = ActorRefs.Nobody;

    /// <summary>Class of the actor.</summary>
    public Type ActorClass { get; private set; } = typeof(ActorBase);

    /// <summary>The actor exists.</summary>
    public void Host(IActorRef actor, Type actorClass)
    {
        Ref = actor;
        ActorClass = actorClass;
    }

    /// <summary>
    /// Asks the actor to report when it has handled all messages so far; a stopped actor counts as done.
    /// </summary>
    public void AskForRest(Rest rest)
    {
        Interlocked.Exchange(ref _rest, rest);
        if (Volatile.Read(ref _isDown) || ReferenceEquals(Ref, ActorRefs.Nobody))
        {
            Arrive();
        }
        else
        {
            Ref.Tell(rest, ActorRefs.NoSender);
        }
    }

    /// <summary>The actor has reached the question, or its end; the first of the two counts.</summary>
    public void Arrive() => Interlocked.Exchange(ref _rest, null)?.Arrive();

    /// <summary>The actor has stopped: it will never handle anything again.</summary>
    public void GoDown()
    {
        // Set this before the look for the request: the caller writes the request first and reads this second.
        Volatile.Write(ref _isDown, true);
        Interlocked.MemoryBarrier();
        Arrive();
    }
}

/// <summary>A resource behind its actor.</summary>
internal sealed class AkkaResource(AkkaEngine engine, Resource resource, string path)
    : ResourceCell(engine, resource, path),
        ICell
{
    private IActorRef? _standIn;

    public ActorLine Line { get; } = new();

    public string Name => Resource.Name;

    /// <summary>The actor that is asked in its place; null for none.</summary>
    public IActorRef? StandIn
    {
        get => Volatile.Read(ref _standIn);
        set => Volatile.Write(ref _standIn, value);
    }

    public Props Props(ActorNode node) =>
        ActorClasses.PropsOf(engine, this, node).WithDispatcher(engine.Options.ResourceDispatcher);

    public void Hosted(IActorRef actor, Type actorClass) => Line.Host(actor, actorClass);
}

/// <summary>A task behind its actor.</summary>
internal sealed class AkkaTask(AkkaEngine engine, TaskActor task, string path) : TaskCell(task, path), ICell
{
    private Envelope? _atStandIn;

    public ActorLine Line { get; } = new();

    /// <summary>
    /// Path that the tap shows: its own, or that of the actor outside of the engine that it stands for.
    /// </summary>
    public ActorPath AskerPath { get => field ?? Line.Ref.Path; init; }

    /// <summary>The request that a stand-in has and has neither answered nor forwarded; null for none.</summary>
    public Envelope? AtStandIn
    {
        get => Volatile.Read(ref _atStandIn);
        set => Volatile.Write(ref _atStandIn, value);
    }

    /// <summary>
    /// Takes the request from the stand-in, to answer it or to handle it; true for the first that does.
    /// </summary>
    public bool TakeFromStandIn(Envelope request) =>
        ReferenceEquals(Interlocked.CompareExchange(ref _atStandIn, null, request), request);

    /// <summary>Exception that the routine threw; belongs to the actor.</summary>
    public Exception? Error { get; set; }

    /// <summary>The timer of a sleep; belongs to the actor once the run is on.</summary>
    public ICancelable? Timer { get; set; }

    public string Name => Task.Name;

    public Props Props(ActorNode node) =>
        ActorClasses.PropsOf(engine, this, node).WithDispatcher(engine.Options.TaskDispatcher);

    public void Hosted(IActorRef actor, Type actorClass) => Line.Host(actor, actorClass);
}

/// <summary>
/// Makes actors by a function: Akka's own way compiles an expression for each, which is slow for ten thousand actors.
/// </summary>
internal sealed class ActorProducer<TActor>(Func<TActor> make) : IIndirectActorProducer
    where TActor : ActorBase
{
    public Type ActorType => typeof(TActor);

    public static Props Props(Func<TActor> make) => global::Akka.Actor.Props.CreateBy(new ActorProducer<TActor>(make));

    public ActorBase Produce() => make();

    public void Release(ActorBase actor)
    {
    }
}
