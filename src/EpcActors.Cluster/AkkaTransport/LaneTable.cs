using Akka.Actor;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The lanes of a member, by member. Sending takes no lock of the table; views and cuts replace what it reads.
/// </summary>
internal sealed class LaneTable
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

    public LaneTable(WireMeter meter, RunToken token) => (_meter, _token) = (meter, token);

    /// <summary>Time of the lanes, milliseconds.</summary>
    public static long NowMs => Environment.TickCount64;

    /// <summary>Says which member this process is, before the first view.</summary>
    public void Introduce(int member, int incarnation) => (_self, _incarnation) = ((short)member, incarnation);

    /// <summary>Puts a frame on the lane to its receiver, or loses it. Any thread.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="mayLeave">An idle lane sends it at once.</param>
    public void Send(in Frame frame, bool mayLeave)
    {
        Target[] targets = Volatile.Read(ref _targets);
        int to = frame.To;
        if ((uint)to < (uint)targets.Length && targets[to].Lane is { } lane && !IsCut(to))
        {
            if (mayLeave)
            {
                lane.AddOrSend(in frame, NowMs);
            }
            else
            {
                lane.Add(in frame);
            }
        }
        else
        {
            _meter.Dropped(1);
        }
    }

    /// <summary>
    /// True when the sender of a bundle has the token of the run. Called by the exchange actor alone.
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

    /// <summary>Makes lanes to the new incarnations of a view and closes those to dead ones.</summary>
    /// <param name="view">The view.</param>
    /// <param name="resolve">The exchange actor at an address.</param>
    /// <param name="self">Our exchange actor: it flushes the lanes.</param>
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
                    : old.Lane?.PeerIncarnation == incarnation && old.Address == address
                        ? old
                        : new Target(address, NewLane(member, incarnation, resolve(address), self));
            }

            Volatile.Write(ref _targets, after);
            foreach (Target old in before)
            {
                if (old.Lane is not null && !Array.Exists(after, target => target.Lane == old.Lane))
                {
                    old.Lane.Close();
                }
            }
        }
    }

    /// <summary>
    /// A bundle or an answer has come. One that is not between the two incarnations of our lane is neither counted nor
    /// answered: the exchange judges its frames.
    /// </summary>
    public void OnArrived(in BundleHead head)
    {
        Target[] targets = Volatile.Read(ref _targets);
        if (head.To == _self && head.ToIncarnation == _incarnation && head.From < targets.Length
            && targets[head.From].Lane is { } lane && lane.PeerIncarnation == head.FromIncarnation)
        {
            lane.OnArrived(in head, NowMs);
        }
    }

    /// <summary>Tells every lane that time passes.</summary>
    public void OnTick()
    {
        foreach (Target target in Volatile.Read(ref _targets))
        {
            target.Lane?.OnTick(NowMs);
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
                target.Lane?.Close();
            }

            Volatile.Write(ref _targets, []);
        }
    }

    /// <remarks>
    /// It has no sender: the head of a bundle names the origin in a few bytes, and the path of an actor takes sixty.
    /// </remarks>
    private FrameLane NewLane(int member, int incarnation, IActorRef peer, IActorRef self) =>
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
            lane => self.Tell(lane, ActorRefs.NoSender),
            _meter);

    private readonly record struct Target(string Address, FrameLane? Lane);
}
