using Akka.Actor;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Transport;

namespace EpcActors.Engine.Akka.Cluster;

/// <summary>The lanes of a member, by member. Sending takes no lock of the table; views and cuts replace what it reads.</summary>
internal sealed class LaneTable
{
    private readonly Lock _lock = new();
    private readonly WireMeter _meter;
    private Target[] _targets = [];
    private bool[] _cut = [];
    private int _numbered;
    private bool _isClosed;

    public LaneTable(WireMeter meter) => _meter = meter;

    /// <summary>Time of the lanes, milliseconds.</summary>
    public static long NowMs => Environment.TickCount64;

    /// <summary>Any thread.</summary>
    public void Send(in Frame frame)
    {
        Target[] targets = Volatile.Read(ref _targets);
        int to = frame.To;
        if ((uint)to < (uint)targets.Length && targets[to].Lane is { } lane && !IsCut(to))
        {
            lane.Send(in frame, NowMs);
        }
        else
        {
            _meter.Dropped(1);
        }
    }

    /// <summary>A living member of the view is at that address.</summary>
    public bool IsMember(Address address)
    {
        foreach (Target target in Volatile.Read(ref _targets))
        {
            if (target.Lane is not null && address.Equals(target.Place))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Frames from and to it are lost, by order of an experiment.</summary>
    public bool IsCut(int member)
    {
        bool[] cut = Volatile.Read(ref _cut);
        return (uint)member < (uint)cut.Length && cut[member];
    }

    /// <summary>Replaces who is cut off.</summary>
    public void Cut(IReadOnlyCollection<int> members)
    {
        bool[] cut = new bool[members.Count == 0 ? 0 : members.Max() + 1];
        foreach (int member in members)
        {
            cut[member] = true;
        }

        Volatile.Write(ref _cut, cut);
    }

    /// <summary>Makes lanes to the lives that are new in a view and closes those to lives that are over.</summary>
    /// <param name="view">The view.</param>
    /// <param name="resolve">The exchange at an address.</param>
    /// <param name="self">Whom it answers.</param>
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
                    : old.Lane is not null && old.Incarnation == incarnation && old.Address == address
                        ? old
                        : NewTarget(address, incarnation, resolve(address), self);
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

    /// <summary>A peer has taken bundles.</summary>
    public void OnTaken(BundleTaken taken)
    {
        foreach (Target target in Volatile.Read(ref _targets))
        {
            if (target.Lane?.Number == taken.Lane)
            {
                target.Lane.OnTaken(taken.Number, NowMs);
                return;
            }
        }
    }

    /// <summary>Time passes.</summary>
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

    private FrameLane NewLane(IActorRef peer, IActorRef self) => new(++_numbered, bundle => peer.Tell(bundle, self), _meter);

    private Target NewTarget(string address, int incarnation, IActorRef exchange, IActorRef self) =>
        new(address, incarnation, NewLane(exchange, self), exchange.Path.Address);

    private readonly record struct Target(string Address, int Incarnation, FrameLane? Lane, Address? Place);
}
