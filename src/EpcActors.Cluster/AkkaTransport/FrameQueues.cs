using Akka.Actor;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The queues of a member, by member. Sending takes no lock of the table; views and cuts replace what it reads.
/// </summary>
internal sealed class FrameQueues
{
    private const int MostSeals = 4096;

    private readonly Lock _lock = new();
    private readonly WireMeter _meter;
    private readonly RunToken _token;
    private readonly Dictionary<(int From, int To, int FromIncarnation, int ToIncarnation), ulong> _seals = [];
    private Target[] _targets = [];
    private bool[] _cut = [];
    private short _self;
    private int _incarnation;
    private bool _isClosed;

    public FrameQueues(WireMeter meter, RunToken token) => (_meter, _token) = (meter, token);

    /// <summary>Time of the queues, milliseconds.</summary>
    public static long NowMs => Environment.TickCount64;

    /// <summary>Says which member this process is, before the first view.</summary>
    public void Introduce(int member, int incarnation) => (_self, _incarnation) = ((short)member, incarnation);

    /// <summary>Puts a frame on the queue to its receiver, or loses it. Any thread.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="mayLeave">An idle queue sends it at once.</param>
    public void Send(in Frame frame, bool mayLeave)
    {
        Target[] targets = Volatile.Read(ref _targets);
        int to = frame.To;
        if ((uint)to < (uint)targets.Length && targets[to].Queue is { } queue && !IsCut(to))
        {
            if (mayLeave)
            {
                queue.AddOrSend(in frame, NowMs);
            }
            else
            {
                queue.Add(in frame);
            }
        }
        else
        {
            _meter.Dropped(1);
        }
    }

    /// <summary>
    /// True when the sender of a bundle has the token of the run. Called by the gateway actor alone.
    /// </summary>
    public bool IsSealed(in BundleHead head)
    {
        (int, int, int, int) between = (head.From, head.To, head.FromIncarnation, head.ToIncarnation);
        if (!_seals.TryGetValue(between, out ulong seal))
        {
            // A run has few incarnations; a stranger can invent any number of them.
            if (_seals.Count >= MostSeals)
            {
                _seals.Clear();
            }

            seal = _token.Seal(head.From, head.To, head.FromIncarnation, head.ToIncarnation);
            _seals.Add(between, seal);
        }

        return head.Seal == seal;
    }

    /// <summary>Frames from and to it are lost, for an experiment.</summary>
    public bool IsCut(int member)
    {
        bool[] cut = Volatile.Read(ref _cut);
        return (uint)member < (uint)cut.Length && cut[member];
    }

    /// <summary>Replaces the members that are cut off.</summary>
    public void Cut(IReadOnlyCollection<int> members)
    {
        bool[] cut = new bool[members.Count == 0 ? 0 : members.Max() + 1];
        foreach (int member in members)
        {
            cut[member] = true;
        }

        Volatile.Write(ref _cut, cut);
    }

    /// <summary>Makes queues to the new incarnations of a view and closes those to dead ones.</summary>
    /// <param name="view">The view.</param>
    /// <param name="resolve">The gateway actor at an address.</param>
    /// <param name="self">Our gateway actor: it flushes the queues.</param>
    public void Connect(ControlMessage.Membership view, Func<string, IActorRef> resolve, IActorRef self)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            Target[] before = _targets;
            Target[] after = new Target[view.Incarnations.Count];
            for (int member = 0; member < after.Length; member++)
            {
                string address = view.Addresses[member];
                int incarnation = view.Incarnations[member];
                Target old = member < before.Length ? before[member] : default;
                after[member] = incarnation == 0 || address.Length == 0
                    ? default
                    : old.Queue?.PeerIncarnation == incarnation && old.Address == address
                        ? old
                        : new Target(address, NewQueue(member, incarnation, resolve(address), self));
            }

            Volatile.Write(ref _targets, after);
            foreach (Target old in before)
            {
                if (old.Queue is not null && !Array.Exists(after, target => target.Queue == old.Queue))
                {
                    old.Queue.Close();
                }
            }
        }
    }

    /// <summary>
    /// A bundle or an answer has come. One that is not between the two incarnations of our queue is neither counted nor
    /// answered: the gateway judges its frames.
    /// </summary>
    public void OnArrived(in BundleHead head)
    {
        Target[] targets = Volatile.Read(ref _targets);
        if (head.To == _self && head.ToIncarnation == _incarnation && head.From < targets.Length
            && targets[head.From].Queue is { } queue && queue.PeerIncarnation == head.FromIncarnation)
        {
            queue.OnArrived(in head, NowMs);
        }
    }

    /// <summary>Tells every queue that time passes.</summary>
    public void OnTick()
    {
        foreach (Target target in Volatile.Read(ref _targets))
        {
            target.Queue?.OnTick(NowMs);
        }
    }

    /// <summary>Nothing is sent any more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (Target target in _targets)
            {
                target.Queue?.Close();
            }

            Volatile.Write(ref _targets, []);
        }
    }

    /// <remarks>
    /// It has no sender: the head of a bundle names the origin in a few bytes, and the path of an actor takes sixty.
    /// </remarks>
    private FrameQueue NewQueue(int member, int incarnation, IActorRef peer, IActorRef self) =>
        new(
            new BundleHead(
                _self,
                (short)member,
                _incarnation,
                incarnation,
                0,
                0,
                _token.Seal(_self, member, _incarnation, incarnation)),
            bundle => peer.Tell(bundle, ActorRefs.NoSender),
            queue => self.Tell(queue, ActorRefs.NoSender),
            _meter);

    private readonly record struct Target(string Address, FrameQueue? Queue);
}
