using System.Runtime.CompilerServices;
using Akka;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using EpcActors.Engine.Live;

namespace EpcActors.Engine.Akka;

/// <summary>
/// The actors on Akka.NET: each resource and each task is an Akka actor, and requests and answers are Akka messages.
/// </summary>
/// <remarks>
/// <para>A request is the task's <see cref="Envelope"/>, told to the actor of the resource, handled there, and told
/// back to the actor of the task. Nothing is asked, awaited or allocated for it: a message costs what Akka takes for
/// it. To see messages, open the tap (<see cref="MessageTap"/>). To send one, tell a <see cref="Request{TMessage}"/> to
/// the actor of a resource. To answer in place of a resource, call <see cref="StandIn"/>.</para>
/// <para>The actors have a class for each kind (NumaNodeActor, CgroupActor, KsgxdActor ...) and stand below
/// <c>/user</c> under the paths they were added with, so that <c>/user/cgroups/pods/web</c> is that cgroup.</para>
/// <para>An engine has an <see cref="ActorSystem"/> of its own, which ends with the run; or it runs in one that was
/// given to it, and leaves nothing behind there.</para>
/// <para><see cref="CoordinatedShutdown"/> during a run ends the run as cancelled, whether the end of the process, a
/// cluster that downs this node or a user's actor starts it. The engine registers in the phase
/// <see cref="CoordinatedShutdown.PhaseServiceRequestsDone"/>, while a node is still a member of its cluster.</para>
/// </remarks>
public sealed partial class AkkaEngine : LiveEngine
{
    private readonly bool _ownsSystem;
    private readonly ActorTree _tree;
    private readonly Dictionary<ICell, ActorNode> _nodes = [];
    private readonly LostLetters _lost = new();
    private readonly ManualResetEventSlim _isUp = new();
    private readonly TaskCompletionSource<Done> _isDown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<IActorRef> _top = [];
    private IActorRef _watch = ActorRefs.Nobody;
    private int _startsLeft;
    private int _visitedCut;
    private int _isOpen;
    private bool _hasOpened;
    private Exception? _startError;
    private int _failures;

    /// <summary>An engine with a system of its own.</summary>
    /// <exception cref="EngineConfigurationException">when the akka block is wrong; the message is Akka's.</exception>
    public AkkaEngine(AkkaOptions? options = null)
        : this(OwnSystem.Create(options ?? new AkkaOptions()), options ?? new AkkaOptions(), true)
    {
    }

    /// <summary>An engine in a system that the caller owns and terminates, such as that of a test.</summary>
    /// <exception cref="EngineConfigurationException">when the system lacks what the options name.</exception>
    public AkkaEngine(ActorSystem system, AkkaOptions? options = null)
        : this(system, options ?? new AkkaOptions(), false)
    {
    }

    private AkkaEngine(ActorSystem system, AkkaOptions options, bool ownsSystem)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(options);
        ActorSystem = system;
        _ownsSystem = ownsSystem;
        if (!ownsSystem)
        {
            system.Settings.InjectTopLevelFallback(OwnSystem.Dispatchers);
        }

        try
        {
            Options = options with
            {
                ResourceDispatcher = OwnSystem.FindDispatcher(system, options.ResourceDispatcher),
                TaskDispatcher = OwnSystem.FindDispatcher(system, options.TaskDispatcher),
            };
            _tree = new ActorTree(options.Prefix);
            _tap = MessageTap.Get(system);
            _logsReceive = system.Settings.AddLoggingReceive;
            new Stopper(this).Register();
        }
        catch
        {
            if (ownsSystem)
            {
                OwnSystem.End(system);
            }

            throw;
        }
    }

    public override string Name => "akka";

    /// <summary>
    /// The system that the actors run in. Its event stream has <see cref="RunStarted"/>, <see cref="RunEnded"/>, <see
    /// cref="ActorFailed"/>, <see cref="LettersLost"/>.
    /// </summary>
    public ActorSystem ActorSystem { get; }

    /// <summary>The settings, with the dispatchers that are used.</summary>
    public AkkaOptions Options { get; }

    /// <summary>Messages without a recipient, so far; none are counted after an actor failed.</summary>
    public long DeadLetters => _lost.DeadLetters;

    /// <summary>Messages that an actor did not understand, so far.</summary>
    public long UnhandledMessages => _lost.Unhandled;

    public override IReadOnlyList<string> Notes => _lost.Notes();

    /// <summary>The actor of a resource, once the run has begun.</summary>
    public IActorRef RefOf(Resource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return ((AkkaResource)CellOf(resource.Id)).Line.Ref;
    }

    /// <summary>The actor of a task, once the run has begun.</summary>
    public IActorRef RefOf(TaskActor task) => ((AkkaTask)CellOf(task)).Line.Ref;

    /// <summary>Every actor is there, or was.</summary>
    internal bool HasOpened => Volatile.Read(ref _hasOpened);

    internal static void GoOnWith(Envelope answer) => GoOn(answer);

    internal void HandleIn(AkkaResource cell, Envelope request) => Handle(cell, request);

    internal void VisitIn(AkkaResource cell) => VisitIfDue(cell);

    internal void WokenIn(AkkaTask cell) => AfterSleep(cell);

    internal Props PropsOf(ActorNode node) =>
        node.Cell is { } cell ? cell.Props(node) : ActorProducer<FolderActor>.Props(() => new FolderActor(this, node));

    /// <summary>One more actor has started.</summary>
    internal void OnUp()
    {
        if (Interlocked.Decrement(ref _startsLeft) == 0)
        {
            _isUp.Set();
        }
    }

    /// <summary>An actor failed: the run ends because of the first.</summary>
    internal void Failed(ActorNode node, string asked, Exception error)
    {
        _lost.Stop();
        bool isFirst = Interlocked.Exchange(ref _failures, 1) == 0;
        if (!HasOpened)
        {
            _startError ??= error;
        }

        string name = node.Cell?.Name ?? node.Name;
        Fail($"{node.Path} ({name}){(asked.Length > 0 ? $", asked by {asked}," : "")}", error);
        _isUp.Set();
        if (isFirst)
        {
            ActorSystem.EventStream.Publish(new ActorFailed(node.Path, name, error));
        }
    }

    protected override ResourceCell NewCell(Resource resource, string path)
    {
        AkkaResource cell = new(this, resource, path);
        _nodes.Add(cell, _tree.Add(cell, path));
        return cell;
    }

    protected override TaskCell NewCell(TaskActor task, string path)
    {
        AkkaTask cell = new(this, task, path);
        _nodes.Add(cell, _tree.Add(cell, path));
        return cell;
    }

    protected override void Open()
    {
        if (IsStopping)
        {
            return;
        }

        Volatile.Write(ref _isOpen, 1);
        try
        {
            OpenTap();
            _watch = ((ExtendedActorSystem)ActorSystem).SystemActorOf(
                ActorProducer<RunWatch>.Props(() => new RunWatch(_lost, IsOurs, PropsOfExternal)));

            // Not by the watch itself: it starts when a thread is free for it, and until then letters would get lost
            // that nobody counts.
            ActorSystem.EventStream.Subscribe(_watch, typeof(DeadLetter));
            ActorSystem.EventStream.Subscribe(_watch, typeof(UnhandledMessage));
            StartActors();
        }
        catch
        {
            Close();
            throw;
        }

        Volatile.Write(ref _hasOpened, true);
        ActorSystem.EventStream.Publish(new RunStarted(Name, Cells.Count(), TaskCells.Count));
    }

    /// <summary>
    /// First everything that is under way comes to rest, then the actors stop; so nothing is lost on the way. Tasks
    /// first: each goes no further than its next request. Then resources: what they were asked before is dealt with or
    /// left. Then tasks again, for the last answers.
    /// </summary>
    protected override void Close()
    {
        RequestStop(RunEnd.Stopped);
        if (!_watch.IsNobody())
        {
            ComeToRest([.. TaskCells.Select(cell => ((AkkaTask)cell).Line)]);
            ComeToRest([.. Cells.Select(cell => ((AkkaResource)cell).Line)]);
            ComeToRest([.. TaskCells.Select(cell => ((AkkaTask)cell).Line)]);
            StopActors();
            PublishEnd();
        }

        CloseTap();
        Volatile.Write(ref _isOpen, 0);
        _isDown.TrySetResult(Done.Instance);
        if (_ownsSystem)
        {
            OwnSystem.End(ActorSystem);
        }
    }

    protected override void Begin(TaskCell cell) =>
        Unsafe.As<AkkaTask>(cell).Line.Ref.Tell(Signal.Begin, ActorRefs.NoSender);

    /// <summary>Called by the actor of the task only, when the scheduler's message has come.</summary>
    protected override void Wake(TaskCell cell) => GoOn(cell);

    protected override void Sleep(TaskCell cell, long ns)
    {
        AkkaTask task = Unsafe.As<AkkaTask>(cell);

        // Rounded up: a sleep is never too short.
        TimeSpan time = TimeSpan.FromTicks((ns / 100) + (ns % 100 == 0 ? 0 : 1));
        task.Timer = ActorSystem.Scheduler.ScheduleTellOnceCancelable(
            time, task.Line.Ref, Signal.Wake, ActorRefs.NoSender);
    }

    protected override void EndSleep(TaskCell cell) =>
        Unsafe.As<AkkaTask>(cell).Line.Ref.Tell(Signal.Wake, ActorRefs.NoSender);

    protected override void Post(Envelope envelope, TaskCell caller, ResourceCell target)
    {
        envelope.Caller.Outstanding = envelope;
        if (IsStopping)
        {
            return;
        }

        AkkaResource resource = Unsafe.As<AkkaResource>(target);
        if (resource.StandIn is { } standIn)
        {
            AskStandIn(envelope, Unsafe.As<AkkaTask>(caller), standIn);
        }
        else
        {
            resource.Line.Ref.Tell(envelope, ActorRefs.NoSender);
        }
    }

    /// <summary>Others get their turn while the answer is on its way in any case.</summary>
    protected override void Answer(ResourceCell cell, TaskCell caller, Envelope envelope, bool mustYield)
    {
        envelope.Caller.Outstanding = envelope;
        Unsafe.As<AkkaTask>(caller).Line.Ref.Tell(envelope, ActorRefs.NoSender);
    }

    protected override void Tell(ResourceCell cell, Performance what) =>
        ((AkkaResource)cell).Line.Ref.Tell(what, ActorRefs.NoSender);

    protected override void Tell(TaskCell cell, Performance what) =>
        ((AkkaTask)cell).Line.Ref.Tell(what, ActorRefs.NoSender);

    protected override void AskForVisits()
    {
        if (_visitedCut == CutNumber)
        {
            return;
        }

        _visitedCut = CutNumber;
        foreach (ResourceCell cell in Cells)
        {
            if (!WasVisited(cell))
            {
                ((AkkaResource)cell).Line.Ref.Tell(Signal.Visit, ActorRefs.NoSender);
            }
        }
    }

    protected override void OnFailed(TaskCell cell, Exception error)
    {
        AkkaTask task = (AkkaTask)cell;
        task.Error = error;
        Failed(_nodes[task], "", error);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _isDown.TrySetResult(Done.Instance);
            if (_ownsSystem)
            {
                OwnSystem.End(ActorSystem);
            }

            _isUp.Dispose();
        }

        base.Dispose(disposing);
    }

    private static void ComeToRest(ActorLine[] lines)
    {
        if (lines.Length == 0)
        {
            return;
        }

        Rest rest = new(lines.Length);
        foreach (ActorLine line in lines)
        {
            line.AskForRest(rest);
        }

        rest.Wait();
    }

    private void StartActors()
    {
        _startsLeft = _tree.Count;
        if (_startsLeft == 0)
        {
            return;
        }

        try
        {
            foreach (ActorNode node in _tree.Top)
            {
                _top.Add(ActorSystem.ActorOf(PropsOf(node), node.Name));
            }

            LetActorsStart?.Invoke();

            // Set by the last that starts, and by the first that fails.
            _isUp.Wait();
        }
        catch (Exception error) when (error is ConfigurationException or InvalidActorNameException)
        {
            _startError = error;
        }

        // The end of the run reports other errors that come this early.
        if (_startError is ConfigurationException or InvalidActorNameException)
        {
            throw new EngineConfigurationException($"the actors cannot be started: {_startError.Message}", _startError);
        }
    }

    private void StopActors()
    {
        TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _watch.Tell(new RunWatch.StopAll([.. _top], stopped), ActorRefs.NoSender);
        Task.WhenAny(stopped.Task, ActorSystem.WhenTerminated).GetAwaiter().GetResult();
        _lost.Stop();
    }

    /// <summary>In a system of its own everything is the engine's.</summary>
    private bool IsOurs(ActorPath path) =>
        _ownsSystem || (path.Elements is ["user", string top, ..] && _tree.Top.Exists(node => node.Name == top));

    private void PublishEnd()
    {
        if (_lost.DeadLetters + _lost.Unhandled > 0)
        {
            ActorSystem.EventStream.Publish(new LettersLost(_lost.DeadLetters, _lost.Unhandled));
        }

        ActorSystem.EventStream.Publish(new RunEnded(End, Steps));
    }

    /// <summary>Reference of <see cref="CoordinatedShutdown"/> to an engine; empty once its run has ended.</summary>
    private sealed class Stopper(AkkaEngine engine)
    {
        private readonly WeakReference<AkkaEngine> _engine = new(engine);

        public void Register()
        {
            if (_engine.TryGetTarget(out AkkaEngine? target))
            {
                CoordinatedShutdown
                    .Get(target.ActorSystem)
                    .AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "epc-run", Stop);
            }
        }

        private Task<Done> Stop()
        {
            if (!_engine.TryGetTarget(out AkkaEngine? target))
            {
                return Task.FromResult(Done.Instance);
            }

            target.RequestStop(RunEnd.Cancelled);
            return Volatile.Read(ref target._isOpen) == 1 ? target._isDown.Task : Task.FromResult(Done.Instance);
        }
    }
}
