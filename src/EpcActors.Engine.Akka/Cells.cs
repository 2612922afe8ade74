using Akka.Actor;
using EpcActors.Engine.Live;

namespace EpcActors.Engine.Akka;

/// <summary>What resources and tasks have in common for the engine.</summary>
internal interface ICell
{
    /// <summary>Name of the resource or task.</summary>
    string Name { get; }

    /// <summary>Props of its shell.</summary>
    Props Props(ActorNode node);

    /// <summary>The shell exists; it is about to be started.</summary>
    void Hosted(IActorRef shell);
}

/// <summary>The way from the engine to a shell, and what has become of it.</summary>
internal sealed class ShellLine
{
    private Rest? _rest;
    private bool _isDown;

    /// <summary>The shell. Written before the run begins.</summary>
    public IActorRef Shell { get; set; } = ActorRefs.Nobody;

    /// <summary>Asks the shell to say when it has dealt with all it was told so far; one that is no more counts as having done so.</summary>
    public void AskForRest(Rest rest)
    {
        Interlocked.Exchange(ref _rest, rest);
        if (Volatile.Read(ref _isDown) || ReferenceEquals(Shell, ActorRefs.Nobody))
        {
            Arrive();
        }
        else
        {
            Shell.Tell(rest, ActorRefs.NoSender);
        }
    }

    /// <summary>The shell has come to the question, or to its end; whatever is first counts.</summary>
    public void Arrive() => Interlocked.Exchange(ref _rest, null)?.Arrive();

    /// <summary>The shell has stopped: it will never handle anything again.</summary>
    public void GoDown()
    {
        // Before the question is looked for: who asks writes it first and looks at this second.
        Volatile.Write(ref _isDown, true);
        Interlocked.MemoryBarrier();
        Arrive();
    }
}

/// <summary>A resource behind its shell.</summary>
internal sealed class AkkaResource(AkkaEngine engine, Resource resource, string path) : ResourceCell(engine, resource, path), ICell
{
    public ShellLine Line { get; } = new();

    public string Name => Resource.Name;

    public Props Props(ActorNode node) =>
        ShellProducer<ResourceShell>.Props(() => new ResourceShell(engine, this, node)).WithDispatcher(engine.Options.ResourceDispatcher);

    public void Hosted(IActorRef shell) => Line.Shell = shell;
}

/// <summary>A task behind its shell.</summary>
internal sealed class AkkaTask(AkkaEngine engine, TaskActor task, string path) : TaskCell(task, path), ICell
{
    public ShellLine Line { get; } = new();

    /// <summary>What the routine threw; belongs to the shell.</summary>
    public Exception? Error { get; set; }

    /// <summary>The timer of a sleep; belongs to the shell once the run is on.</summary>
    public ICancelable? Timer { get; set; }

    public string Name => Task.Name;

    public Props Props(ActorNode node) =>
        ShellProducer<TaskShell>.Props(() => new TaskShell(engine, this, node)).WithDispatcher(engine.Options.TaskDispatcher);

    public void Hosted(IActorRef shell) => Line.Shell = shell;
}

/// <summary>Makes actors by a function: Akka's own way compiles an expression for each, which ten thousand actors would feel.</summary>
internal sealed class ShellProducer<TShell>(Func<TShell> make) : IIndirectActorProducer
    where TShell : ActorBase
{
    public Type ActorType => typeof(TShell);

    public static Props Props(Func<TShell> make) => global::Akka.Actor.Props.CreateBy(new ShellProducer<TShell>(make));

    public ActorBase Produce() => make();

    public void Release(ActorBase actor)
    {
    }
}
