using System.Collections.Concurrent;
using System.Threading.Channels;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// A cluster within this process: everything that a transport does, with queues instead of a network.
/// </summary>
internal sealed class InProcessCluster : ICoordinatorTransport
{
    private readonly ConcurrentDictionary<string, InProcessMember> _members = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource<ICoordinatorListener> _opened = new(
        TaskCreationOptions.RunContinuationsAsynchronously);

    public string Address => "here";

    public IReadOnlyCollection<InProcessMember> Members => [.. _members.Values];

    public Task OpenAsync(ICoordinatorListener listener, CancellationToken cancellationToken)
    {
        _opened.TrySetResult(listener);
        return Task.CompletedTask;
    }

    public void Tell(MemberLink member, ControlMessage message) =>
        ((Link)member).Member.Deliver(listener => listener.OnControl(message), message);

    public void Drop(MemberLink member) => ((Link)member).Member.Lose("dropped");

    public Task CloseAsync(CancellationToken cancellationToken)
    {
        foreach (InProcessMember member in _members.Values)
        {
            member.Lose("the coordinator has closed");
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public InProcessMember NewMember(string address)
    {
        InProcessMember member = new(this, address);
        _members[address] = member;
        return member;
    }

    internal sealed class Link(InProcessMember member) : MemberLink
    {
        public InProcessMember Member { get; } = member;

        public override string Address => Member.Address;
    }

    /// <summary>The end of one member.</summary>
    internal sealed class InProcessMember : IMemberTransport
    {
        private readonly InProcessCluster _cluster;
        private readonly Link _link;
        private readonly Channel<Action<IMemberListener>> _inbox = Channel.CreateUnbounded<Action<IMemberListener>>();
        private readonly TaskCompletionSource<ControlMessage.Welcome> _welcome = new(
            TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly HashSet<string> _cut = [];
        private volatile string[] _addresses = [];
        private volatile bool _isDead;
        private ICoordinatorListener? _coordinator;
        private long _out;
        private long _in;

        public InProcessMember(InProcessCluster cluster, string address)
        {
            _cluster = cluster;
            _link = new Link(this);
            Address = address;
        }

        public string Address { get; }

        public WireCounts Counts =>
            new(
                Volatile.Read(ref _out),
                64 * Volatile.Read(ref _out),
                Volatile.Read(ref _in),
                64 * Volatile.Read(ref _in),
                0,
                Volatile.Read(ref _out));

        public async Task<ControlMessage.Welcome> JoinAsync(
            ControlMessage.Hello hello,
            IMemberListener listener,
            CancellationToken cancellationToken)
        {
            _coordinator = await _cluster._opened.Task.WaitAsync(cancellationToken);
            _coordinator.OnHello(_link, hello with { Address = Address });
            ControlMessage.Welcome welcome = await _welcome.Task.WaitAsync(cancellationToken);
            _ = Task.Run(() => PumpAsync(listener), cancellationToken);
            return welcome;
        }

        public void Tell(ControlMessage message)
        {
            if (!_isDead)
            {
                _coordinator!.OnControl(_link, message);
            }
        }

        public void Connect(ControlMessage.Membership view) => _addresses = [.. view.Addresses];

        public void Cut(IReadOnlyCollection<int> members)
        {
            lock (_cut)
            {
                _cut.Clear();
                _cut.UnionWith(members.Select(member => _addresses[member]));
            }
        }

        public void Send(in Frame frame)
        {
            if (_isDead)
            {
                return;
            }

            Interlocked.Increment(ref _out);
            string to = _addresses[frame.To];
            if (IsCut(to) || !_cluster._members.TryGetValue(to, out InProcessMember? other))
            {
                return;
            }

            Frame copy = frame;
            other._inbox.Writer.TryWrite(listener =>
            {
                if (!other.IsCut(Address) && !other._isDead)
                {
                    Interlocked.Increment(ref other._in);
                    listener.OnFrames([copy]);
                }
            });
        }

        public Task LeaveAsync(CancellationToken cancellationToken)
        {
            _inbox.Writer.TryComplete();
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        /// <summary>Kills the process at once, for all others.</summary>
        public void Die()
        {
            _isDead = true;
            _coordinator!.OnLost(_link, "connection reset");
        }

        internal void Deliver(Action<IMemberListener> what, ControlMessage message)
        {
            if (message is ControlMessage.Welcome welcome)
            {
                _welcome.TrySetResult(welcome);
            }
            else if (message is ControlMessage.Refused refused)
            {
                _welcome.TrySetException(new ClusterException(refused.Reason));
            }
            else
            {
                _inbox.Writer.TryWrite(what);
            }
        }

        internal void Lose(string reason)
        {
            _inbox.Writer.TryWrite(listener => listener.OnCoordinatorLost(reason));
            _inbox.Writer.TryComplete();
        }

        private bool IsCut(string address)
        {
            lock (_cut)
            {
                return _cut.Contains(address);
            }
        }

        private async Task PumpAsync(IMemberListener listener)
        {
            await foreach (Action<IMemberListener> next in _inbox.Reader.ReadAllAsync())
            {
                next(listener);
            }
        }
    }
}
