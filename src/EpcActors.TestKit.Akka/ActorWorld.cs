using System.Globalization;
using System.Runtime.CompilerServices;
using EpcActors.Exploration;
using global::Akka.Actor;
using global::Akka.Configuration;
using global::Akka.Dispatch;
using global::Akka.Dispatch.SysMsg;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// An actor system whose mailboxes the laboratory runs, one message a step, on the thread of the test. Task 0 is time.
/// </summary>
internal sealed partial class ActorWorld : TracedExecution, IDisposable
{
    /// <summary>Virtual time begins here.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const int TimeTask = 0;
    private const int Shared = -2;
    private const int MaxEager = 100_000;

    private static readonly AsyncLocal<ActorWorld?> Flow = new(OnFlow);
    private static int _systems;

    private readonly Lock _gate = new();
    private readonly List<ActorTask> _fresh = [];
    private readonly Queue<IRunnable> _runnables = [];
    private readonly List<ActorTask?> _tasks = [];
    private readonly Dictionary<IActorRef, ActorTask> _byRef = [];
    private readonly ConditionalWeakTable<Mailbox, ActorTask> _foreign = [];
    private readonly Dictionary<string, int> _anonymous = new(StringComparer.Ordinal);
    private readonly HashSet<int> _touches = [];
    private readonly HashSet<int> _sends = [];
    private readonly List<ActorTask> _sentTo = [];
    private readonly List<ActorTask> _touched = [];
    private readonly HashSet<int> _causes = [];
    private readonly List<int> _ordinalOfStep = [];
    private LabScheduler _scheduler = null!;
    private ActorTask? _current;
    private IStrategy? _strategy;
    private int _sequence;
    private int _outside;
    private int _freeRuns;
    private int _overtakes;
    private int _labThread;

    public ActorWorld(Config config)
    {
        AkkaInternals.Check();
        TaskWatch.Begin();
        _config = config;
        IsFree = true;
        System = Start(node: "");
        Happenings = new Happenings(this, ((ExtendedActorSystem)System).Provider);
        WaitForFreeRuns();
        IsFree = false;
        ExpectedSteps = 16;
    }

    public ActorSystem System { get; }

    /// <summary>While the system starts and ends mailboxes run on the thread pool, as always.</summary>
    public bool IsFree { get; private set; }

    /// <summary>The step that is being made; -1 outside of one.</summary>
    public int StepIndex => _current is null && !IsInTime ? -1 : Steps - 1;

    public Happenings Happenings { get; }

    public LabScheduler Scheduler => _scheduler;

    /// <summary>How often time may pass although messages are there to be handled.</summary>
    public int MaxOvertakes { get; set; } = 2;

    /// <summary>Longest wait for work outside, of real time.</summary>
    public TimeSpan OutsideLimit { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Virtual time after which an actor's question fails; null for never.</summary>
    public TimeSpan? AskTimeout { get; set; }

    /// <summary>Sees each step.</summary>
    public Action<ActorStep>? OnStep { get; set; }

    /// <summary>One for each step; null: they are not noted.</summary>
    public List<ActorStepDetail>? Details { get; set; }

    /// <summary>Sees each choice: the actor, the fault, and whether it was chosen.</summary>
    public Action<string, string, bool>? OnChoice { get; set; }

    /// <summary>Some actor persists, and what it has written outlives a run.</summary>
    public bool Remembers => Array.Exists(
        Live(), task => task.IsJournalItself && !Journals.ForgetsAtRestart(task.Owner));

    /// <summary>After each step: true when something is broken.</summary>
    public Func<bool>? IsBroken { get; set; }

    /// <summary>No actor can go on: true when there is more to do now.</summary>
    public Func<bool>? OnQuiet { get; set; }

    /// <summary>Rules for faults of this run.</summary>
    public Faults Faults { get; } = new();

    public override StepEffects LastEffects => new([.. _touches], [.. _sends], [.. _causes]);

    private bool IsInTime { get; set; }

    public override int ConflictKey(int task) => task + 1;

    /// <summary>The first one keeps the time of all nodes.</summary>
    public void Use(LabScheduler scheduler) => _scheduler ??= scheduler;

    public ActorTask NewTask(IActorRef owner)
    {
        lock (_gate)
        {
            ActorTask task = new(this, owner, _sequence++);
            _byRef[owner] = task;
            return task;
        }
    }

    /// <summary>The task of an actor; null for what is none.</summary>
    public ActorTask? TaskOf(IActorRef? actor)
    {
        lock (_gate)
        {
            return actor is not null && _byRef.TryGetValue(actor, out ActorTask? task) ? task : null;
        }
    }

    public ActorTask? TaskAt(int ordinal) => _tasks[ordinal];

    /// <summary>What the next step of a task is, in the words of a schedule.</summary>
    public (string Actor, string Message) NextOf(int ordinal) =>
        _tasks[ordinal] is { } task ? (task.Label, task.NextMessage) : NextOfOther(ordinal);

    /// <summary>Ends what is left of the last run, and begins one; what the caller does next is its start.</summary>
    public void Reset()
    {
        _strategy = null;
        Pool = new PoolWork();
        StopAll();
        lock (_gate)
        {
            foreach (ActorTask gone in _byRef.Values.Where(task => !task.IsInfrastructure && !task.IsJournal).ToArray())
            {
                _byRef.Remove(gone.Owner);
            }
        }

        EmptyJournals();

        ForgetRun(keepsTasks: false);
        _tasks.Clear();
        ForgetLinks();
        _ordinalOfStep.Clear();
        _anonymous.Clear();
        _scheduler.Reset();
        _overtakes = 0;
        _sequence = 0;
        MaxOvertakes = 2;
        AskTimeout = null;
        OutsideLimit = TimeSpan.FromSeconds(5);
        _scheduler.Repetitions = 3;
        ClearEffects();
        Happenings.Clear();
        Faults.Clear(this);
        AddTask();
        _tasks.Add(null);
        _labThread = Environment.CurrentManagedThreadId;
    }

    /// <summary>Actors that were created are started, before anything is explored.</summary>
    public void StartCreated()
    {
        RunEagerly(task => !task.HasStarted || task.HasOnlyBookkeeping);
        Settle();
    }

    /// <summary>
    /// All that the actors have to do is done, one after the other, before anything is explored; time stands still.
    /// </summary>
    public void RunToRest()
    {
        StartCreated();
        while (Enabled.ToArray().Where(task => _tasks[task] is not null || _linkAt.ContainsKey(task))
            .DefaultIfEmpty(-1).Min() is > 0 and var ordinal)
        {
            if (_tasks[ordinal] is { } task)
            {
                Disable(ordinal);
                RunMailbox(task, task.IsSystemStep);
            }
            else
            {
                Deliver(_linkAt[ordinal]);
            }

            Settle();
        }
    }

    public override ExploredEnd Run(IStrategy strategy, int maxSteps)
    {
        _strategy = strategy;
        while (true)
        {
            Settle();
            if (IsBroken?.Invoke() == true)
            {
                return ExploredEnd.Stopped;
            }

            if (Enabled.IsEmpty)
            {
                if (OnQuiet?.Invoke() == true)
                {
                    continue;
                }

                return IsAnyoneAwaiting ? ExploredEnd.Deadlock : ExploredEnd.Finished;
            }

            if (Steps >= maxSteps)
            {
                return ExploredEnd.StepLimit;
            }

            int next = strategy.Next(this);
            if (next < 0)
            {
                return ExploredEnd.Abandoned;
            }

            Step(next);
        }
    }

    /// <summary>Names of the actors that await an answer which never comes.</summary>
    public string DescribeAwaiting() =>
        string.Join(", ", _tasks.Where(task => task is { IsAwaiting: true }).Select(task => task!.Label));

    public void Dispose()
    {
        IsFree = true;
        foreach (ActorTask task in Live())
        {
            if (task.IsQueued)
            {
                OnReady(task.Mailbox!);
            }
        }

        _ = System.Terminate();
        foreach (NodeState node in _nodes)
        {
            _ = node.System.Terminate();
        }
    }

    private bool IsAnyoneAwaiting => _tasks.Exists(task => task is { IsAwaiting: true });

    private void Step(int ordinal)
    {
        ClearEffects();
        RecordStep(ordinal);
        _ordinalOfStep.Add(ordinal);
        _touches.Add(ordinal);
        if (_tasks[ordinal] is not { } task)
        {
            MakeOtherStep(ordinal);
            return;
        }

        NoteCauses(task);
        NoteDetail(ordinal);
        Disable(ordinal);
        bool isSystem = task.IsSystemStep;
        OnStep?.Invoke(Describe(task, isSystem));
        if (!isSystem && Choose(ordinal, Faults.CrashPoint, Faults.MayCrash(task)))
        {
            Faults.CrashOn(task);
        }

        RunMailbox(task, isSystem);
    }

    private void MakeTimePass()
    {
        bool overtakes = Enabled.Length - EnabledLeavers > 1;
        _overtakes += overtakes ? 1 : 0;
        OnStep?.Invoke(DescribeTimer());
        InStep(_scheduler.Fire);
    }

    /// <summary>Runs a mailbox: its system messages, or one message.</summary>
    private void RunMailbox(ActorTask task, bool isSystem)
    {
        task.IsQueued = false;
        task.HasStarted = true;
        task.HasFailed = false;
        task.Queue.Allowed = isSystem ? 0 : 1;
        task.ClearSystem();
        ActorTask? outer = _current;
        ActorWorld? before = Flow.Value;
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        _current = task;
        Flow.Value = this;
        try
        {
            task.Mailbox!.Run();
        }
        finally
        {
            Flow.Value = before;
            _current = outer;
            SynchronizationContext.SetSynchronizationContext(context);
        }

        task.Queue.Allowed = 0;
        task.IsAwaiting = !task.HasFailed && !task.IsInfrastructure && AkkaInternals.IsSuspended(task.Mailbox!);
    }

    private bool Choose(int task, int point, bool isPossible)
    {
        if (!isPossible || _strategy is null || !HasBudget(point))
        {
            return false;
        }

        bool value = MakeChoice(_strategy, task, point);
        OnChoice?.Invoke(_tasks[task]!.Label, Faults.NameOf(point), value);
        return value;
    }

    private void NoteCauses(ActorTask task)
    {
        if (!task.HasStarted)
        {
            _causes.Add(task.CreatedAt);
        }
        else if (task.IsSystemStep)
        {
            _causes.UnionWith(task.SystemMessages.Select(one => one.SentAt));
        }
        else if (task.Queue.TryPeek(out _, out int sentAt))
        {
            _causes.Add(sentAt);
        }
    }

    private void NoteDetail(int ordinal) => Details?.Add(new ActorStepDetail(
        [.. _causes.Order()],
        [
            .. Enabled.ToArray().Where(task => task != ordinal).Order().Select(NextOf)
                .Select(next => $"{next.Actor}: {next.Message}"),
        ]));

    private void NoteSent(string message, ActorTask receiver)
    {
        if (Details is { Count: > 0 } && StepIndex >= 0)
        {
            Details[^1].Sent.Add($"{message} to {LabelOf(receiver.Owner)}");
        }
    }

    private void ClearEffects()
    {
        _touches.Clear();
        _sends.Clear();
        _causes.Clear();
        _sentTo.Clear();
        _touched.Clear();
    }

    private ActorStep Describe(ActorTask task, bool isSystem)
    {
        if (isSystem)
        {
            string from = string.Join(
                ',',
                task.SystemMessages.Select(one => one.Message switch
                {
                    DeathWatchNotification death => LabelOf(death.Actor),
                    Failed failed => LabelOf(failed.Child),
                    _ => "",
                }).Where(text => text.Length > 0));
            return new ActorStep(task.Label, task.NextMessage, from, task.NextMessage, _scheduler.Now);
        }

        return task.Queue.TryPeek(out Envelope envelope, out int sentAt)
            ? new ActorStep(
                task.Label,
                task.NextMessage,
                LabelOf(envelope.Sender) is { Length: > 0 } sender ? sender : ActorOfStep(sentAt),
                Names.Describe(envelope.Message),
                _scheduler.Now)
            : new ActorStep(task.Label, task.NextMessage, "", task.NextMessage, _scheduler.Now);
    }

    /// <summary>The actor that made a step: who told a message that has no sender; empty for none.</summary>
    private string ActorOfStep(int step) =>
        step < 0 ? ""
        : _tasks[_ordinalOfStep[step]] is { } task ? task.Label
        : _linkAt.TryGetValue(_ordinalOfStep[step], out Link? link) ? link.From.Label
        : "";

    private ActorStep DescribeTimer()
    {
        var timer = _scheduler.Next!.Value;
        string name = TimerName(timer);
        return new ActorStep(ActorStep.Time, name, "", name, timer.Due);
    }

    private string TimerName((string What, object? Receiver, TimeSpan Due) timer) =>
        timer.Receiver is IActorRef actor ? $"{timer.What}->{LabelOf(actor)}" : timer.What;

    /// <summary>Name of an actor: its path below /user, with a name of its own where Akka gave it one.</summary>
    public string LabelOf(IActorRef? actor)
    {
        if (actor is null || actor.IsNobody())
        {
            return "";
        }

        if (TaskOf(actor) is { } task)
        {
            return task.Label.Length > 0 ? task.Label : task.Label = NewLabel(actor);
        }

        string[] elements = [.. actor.Path.Elements];
        return elements switch
        {
            ["temp", ..] => "(ask)",
            ["deadLetters"] or [] => "",
            ["user", .. var rest] => NodeNameOf(actor) + string.Join('/', rest),
            _ => NodeNameOf(actor) + "/" + string.Join('/', elements),
        };
    }

    /// <summary>Beginning of the names of a node's actors; empty on the first node.</summary>
    private string NodeNameOf(IActorRef actor) => NodeStateOf(actor) is { } node ? node.Name + ":" : "";

    private string NewLabel(IActorRef actor)
    {
        string[] elements = [.. actor.Path.Elements];
        bool hasParent = elements is ["user", _, _, ..] or ["system", _, _, ..];
        string parent = hasParent && actor is IInternalActorRef { Parent: { } above }
            ? LabelOf(above) + "/"
            : NodeNameOf(actor) + (elements is ["user", ..] ? "" : "/");
        string name = elements is ["user", ..] || hasParent ? elements[^1] : string.Join('/', elements);
        if (!name.StartsWith('$'))
        {
            return parent + name;
        }

        string type = actor is ActorRefWithCell { Underlying.Props.Type: { } kind } ? Names.OfType(kind) : "Actor";
        string key = parent + type;
        int number = _anonymous[key] = _anonymous.GetValueOrDefault(key) + 1;
        return $"{key}#{number.ToString(CultureInfo.InvariantCulture)}";
    }
}
