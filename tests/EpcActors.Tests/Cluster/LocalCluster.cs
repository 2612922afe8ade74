using System.Collections.Concurrent;
using EpcActors.Cluster;
using EpcActors.Cluster.Members;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Engine.Live.Threads;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// Members on live engines in one process, with a network that does what a test wants, and a test in the place of the
/// coordinator.
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly object _changed = new();
    private readonly Scenario _scenario;
    private readonly Placement _placement;
    private readonly List<LocalMember> _all = [];
    private readonly LocalMember[] _members;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<(int From, int Caller, uint Sequence), bool> _heldRequests = new();
    private readonly Queue<Frame> _waiting = [];
    private readonly long _framesBetweenCuts;
    private long _framesLeft;
    private bool _needsNoCut;
    private volatile bool _hasHeldTwice;
    private bool _isStopping;
    private int _cut;

    /// <param name="scenario">The whole scenario.</param>
    /// <param name="members">How many.</param>
    /// <param name="framesBetweenCuts">Frames that come through from one cut to the next; the others wait for it. Work
    /// that needs many times that number is not done before the test has looked at it, however busy the host is and
    /// with whom.</param>
    public LocalCluster(Scenario scenario, int members, long framesBetweenCuts = long.MaxValue)
    {
        _framesBetweenCuts = framesBetweenCuts;
        _framesLeft = framesBetweenCuts;
        _scenario = scenario;
        _placement = Placement.Of(scenario, members);
        View = ClusterView.First(members, _placement.OwnerOfCounter);
        _members = new LocalMember[members];
        for (int member = 0; member < members; member++)
        {
            Begin(member);
        }
    }

    public ClusterView View { get; private set; }

    public LocalMember this[int member] => _members[member];

    public IEnumerable<LocalMember> Alive => View.Alive().Select(member => _members[member]);

    /// <summary>Every member has its actors; now they run.</summary>
    public void Start()
    {
        Await(() => Alive.All(member => member.Status is { IsReady: true }), "all members are ready");
        foreach (LocalMember member in Alive)
        {
            member.Hear(new ControlMessage.Start());
        }
    }

    /// <summary>
    /// No frame comes from it or gets to it any more, as if its process were gone; the others do not know yet.
    /// </summary>
    public void Silence(int member) => _members[member].IsSilent = true;

    /// <summary>
    /// The same as soon as it sends its request of that number, those that it sends again included: its work is not
    /// done then. For a test that comes to look later, how long ever.
    /// </summary>
    public void SilenceAtRequest(int member, int number) => _members[member].RequestsUntilSilence = number;

    /// <summary>True once a request that an end's silence has held up was sent again.</summary>
    public bool HasHeldTwice => _hasHeldTwice;

    /// <summary>Delivers the messages that it has sent and received since it became silent.</summary>
    public void Unsilence(int member)
    {
        _members[member].IsSilent = false;
        _members[member].DeliverHeld();
    }

    /// <summary>A view without some, and with new lives of others.</summary>
    public void Change(IReadOnlyCollection<int> dead, IReadOnlyCollection<int>? reborn = null)
    {
        int[] incarnations = [.. View.Incarnations];
        foreach (int member in dead)
        {
            incarnations[member] = 0;
        }

        foreach (int member in reborn ?? [])
        {
            incarnations[member] = _all.Count(one => one.Number == member) + 1;
        }

        View = View.Next(incarnations);
        ControlMessage.Membership view = ControlMessage.Membership.Of(View, [.. View.Incarnations.Select(_ => "")]);
        foreach (int member in reborn ?? [])
        {
            Begin(member);
            LocalMember newborn = _members[member];
            Await(() => newborn.Status is { IsReady: true }, "the new life is ready");
            newborn.Hear(new ControlMessage.Start());
        }

        foreach (LocalMember member in Alive.Where(member => reborn?.Contains(member.Number) != true))
        {
            member.Hear(view);
        }
    }

    /// <summary>A cut over all living members.</summary>
    public IReadOnlyList<ControlMessage.CutPart> Cut()
    {
        int number = ++_cut;
        LocalMember[] asked = [.. Alive];
        foreach (LocalMember member in asked)
        {
            member.Hear(new ControlMessage.BeginCut(number));
        }

        Await(() => asked.All(member => member.Parts.ContainsKey(number)), $"cut {number}");
        return [.. asked.Select(member => member.Parts[number])];
    }

    /// <summary>
    /// A cut that only one member is told of; null when the work was done before the others heard of it by a frame.
    /// </summary>
    public IReadOnlyList<ControlMessage.CutPart>? CutAt(int first)
    {
        int number = ++_cut;
        LocalMember[] asked = [.. Alive];
        _members[first].Hear(new ControlMessage.BeginCut(number));

        // Its own part needs no other. Its next frame tells the others, which take no more before they are in the cut.
        // They may be in it already: then the last part has let frames through, and no more than it may.
        Await(() => _members[first].Parts.ContainsKey(number), $"the first part of cut {number}");
        lock (_waiting)
        {
            if (!asked.All(member => member.Parts.ContainsKey(number)))
            {
                LetThrough(long.MaxValue);
            }
        }

        bool isOver = false;
        Await(
            () =>
                asked.All(member => member.Parts.ContainsKey(number))
                || (isOver = asked.All(member => member.Status is { IsDone: true, IsQuiet: true })),
            $"cut {number}");
        return isOver ? null : [.. asked.Select(member => member.Parts[number])];
    }

    public void AwaitDone()
    {
        lock (_waiting)
        {
            _needsNoCut = true;
            LetThrough(long.MaxValue);
        }

        Await(
            () =>
                Alive.All(member =>
                    member.Status is { IsDone: true, IsQuiet: true } status && status.Epoch == View.Epoch),
            "the work is done");

        // Two looks in a row: each process at its own moment, the second look after all of the first.
        long[] seen = [.. Alive.Select(member => member.Status!.Number)];
        Await(
            () =>
                Alive
                    .Zip(seen)
                    .All(pair =>
                        pair.First.Status!.Number > pair.Second + 1
                        && pair.First.Status is { IsDone: true, IsQuiet: true }),
            "the work is done at a second look");
    }

    /// <summary>Ends the run and waits for all results.</summary>
    public IReadOnlyList<ControlMessage.Result> Stop(RunEndKind end = RunEndKind.Finished)
    {
        LocalMember[] asked = [.. Alive];
        _isStopping = true;
        foreach (LocalMember member in asked)
        {
            member.Hear(new ControlMessage.Stop(end));
        }

        Await(() => asked.All(member => member.Result is not null), "the results");
        return [.. asked.Select(member => member.Result!)];
    }

    public void Await(Func<bool> condition, string what)
    {
        long until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        lock (_changed)
        {
            while (!condition())
            {
                if (_all.Find(member => member is { IsSilent: false, Result: not null }) is { } ended && !_isStopping)
                {
                    IEnumerable<string> found =
                        ended.Result!.Report.Violations.Select(one => $"{one.Rule}: {one.Detail}");
                    throw new InvalidOperationException(
                        $"member {ended.Number} ended by itself: {string.Join("; ", found)}");
                }

                long left = until - Environment.TickCount64;
                if (left <= 0 || !Monitor.Wait(_changed, TimeSpan.FromMilliseconds(Math.Max(1, left))))
                {
                    string state = string.Join(
                        "; ",
                        _all.Select(member => $"{member.Number}: {member.Status} {member.Failure}"));
                    throw new TimeoutException($"waited in vain: {what}. {state}");
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LocalMember member in _all)
        {
            member.IsSilent = true;
            member.Lose();
        }

        await _end.CancelAsync();
        foreach (LocalMember member in _all)
        {
            try
            {
                await member.Run!.WaitAsync(Patience);
            }
            catch (OperationCanceledException)
            {
                // It had not begun.
            }

            await member.DisposeAsync();
        }

        _end.Dispose();
    }

    internal void Route(in Frame frame)
    {
        LocalMember to = _members[frame.To];
        if (_members[frame.From].IsSilent || to.IsSilent)
        {
            to.Hold(in frame);
            if (frame.Kind == FrameKind.Request
                && !_heldRequests.TryAdd((frame.From, frame.Caller, frame.Sequence), true))
            {
                _hasHeldTwice = true;
                Pulse();
            }

            return;
        }

        if (_framesBetweenCuts == long.MaxValue)
        {
            to.Deliver(in frame);
            return;
        }

        lock (_waiting)
        {
            if (--_framesLeft >= 0)
            {
                to.Deliver(in frame);
            }
            else
            {
                _waiting.Enqueue(frame);
            }
        }
    }

    /// <summary>A part of a cut has come. The last one lets the work go on for some frames.</summary>
    internal void OnPart(int number)
    {
        if (Alive.All(member => member.Parts.ContainsKey(number)))
        {
            LetThrough(_framesBetweenCuts);
        }
    }

    internal void Pulse()
    {
        lock (_changed)
        {
            Monitor.PulseAll(_changed);
        }
    }

    /// <summary>Those that wait, and so many of those to come.</summary>
    private void LetThrough(long frames)
    {
        lock (_waiting)
        {
            _framesLeft = _needsNoCut ? long.MaxValue : frames;
            while (_waiting.TryDequeue(out Frame frame))
            {
                _members[frame.To].Deliver(in frame);
            }
        }
    }

    private void Begin(int number)
    {
        LocalMember member = new(this, number);
        _members[number] = member;
        _all.Add(member);
        ControlMessage.Membership view = ControlMessage.Membership.Of(View, [.. View.Incarnations.Select(_ => "")]);
        member.Greeting = new ControlMessage.Welcome(
            number,
            View.IncarnationOf(number),
            _placement.MemberOfNode,
            _placement.MemberOfEnclave,
            _placement.MemberOfGuest,
            view);
        member.Host = new MemberHost(_scenario, member, _ => new ThreadsEngine(new ThreadsOptions { Workers = 1 }));
        member.Run = Task.Run(() =>
            member.Host.RunAsync(new ControlMessage.Hello("test", "", [], 1, "", "", ""), _end.Token));
    }
}

/// <summary>A member of a <see cref="LocalCluster"/>, and its transport.</summary>
internal sealed class LocalMember(LocalCluster cluster, int number) : IMemberTransport
{
    private readonly BlockingCollection<Frame> _inbox = [];
    private readonly ConcurrentQueue<Frame> _held = new();
    private IMemberListener? _listener;
    private Thread? _reader;
    private long _out;
    private long _in;
    private int _requestsUntilSilence = int.MaxValue;

    public int Number => number;

    public MemberHost Host { get; set; } = null!;

    public Task<MemberEnd>? Run { get; set; }

    public ControlMessage.Welcome Greeting { get; set; } = null!;

    public volatile bool IsSilent;

    public int RequestsUntilSilence
    {
        set => Volatile.Write(ref _requestsUntilSilence, value);
    }

    public volatile ControlMessage.Status? Status;

    public volatile ControlMessage.Result? Result;

    public volatile string Failure = "";

    public ConcurrentDictionary<int, ControlMessage.CutPart> Parts { get; } = new();

    public WireCounts Counts => new(Volatile.Read(ref _out), 0, Volatile.Read(ref _in), 0, 0, 0);

    public Task<ControlMessage.Welcome> JoinAsync(
        ControlMessage.Hello hello,
        IMemberListener listener,
        CancellationToken cancellationToken)
    {
        _listener = listener;
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
        return Task.FromResult(Greeting);
    }

    public void Tell(ControlMessage message)
    {
        switch (message)
        {
            case ControlMessage.Status status:
                Status = status;
                break;
            case ControlMessage.Result result:
                Result = result;
                break;
            case ControlMessage.CutPart part:
                Parts[part.Number] = part;
                cluster.OnPart(part.Number);
                break;
            case ControlMessage.Failed failed:
                Failure = failed.Message;
                break;
            default:
                throw new InvalidOperationException($"a member tells the coordinator {message}");
        }

        cluster.Pulse();
    }

    public void Hear(ControlMessage message) => _listener!.OnControl(message);

    public void Lose() => _listener?.OnCoordinatorLost("the test is over");

    public void Connect(ControlMessage.Membership view)
    {
    }

    public void Cut(IReadOnlyCollection<int> members)
    {
    }

    public Task LeaveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Send(in Frame frame)
    {
        Interlocked.Increment(ref _out);
        if (frame.Kind == FrameKind.Request && Interlocked.Decrement(ref _requestsUntilSilence) == 0)
        {
            IsSilent = true;
        }

        cluster.Route(in frame);
    }

    public void Deliver(in Frame frame) => _inbox.TryAdd(frame);

    public void Hold(in Frame frame) => _held.Enqueue(frame);

    public void DeliverHeld()
    {
        while (_held.TryDequeue(out Frame frame))
        {
            cluster.Route(in frame);
        }
    }

    public ValueTask DisposeAsync()
    {
        _inbox.CompleteAdding();
        _reader?.Join();
        _inbox.Dispose();
        return default;
    }

    private void Read()
    {
        foreach (Frame frame in _inbox.GetConsumingEnumerable())
        {
            Interlocked.Increment(ref _in);
            Frame one = frame;
            _listener!.OnFrames(new ReadOnlySpan<Frame>(ref one));
        }
    }
}
