using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// Traffic of one process with the others: the calls of its tasks, the shared counters that have their owner here, the
/// requests that came from elsewhere. It is one actor, because that makes it exact: a request is recognised, fenced,
/// executed and answered in one turn, and an answer is booked in the turn in which it is accepted.
/// </summary>
/// <remarks>
/// <para><b>Calls happen once.</b> Frames may be lost, doubled and late. A request is sent again until it is answered
/// (<see cref="Tick"/>); the receiver keeps the last request of each task with its answer, so that a second one of the
/// same number only gets the answer again, and an older one nothing.</para>
/// <para><b>The dead are fenced.</b> A frame counts only between incarnations that are alive in the view of the
/// receiver. When a view takes an incarnation away, its part of every counter here is taken off in that same turn; its
/// requests still on the way are refused from then on, so nothing is released twice and nothing is added later.</para>
/// <para><b>Owners can be lost.</b> Every process knows what it was granted of each counter: the sum over the living is
/// the counter. A new owner serves no request until every process that was there has reported. A process accepts no
/// answer of the old owner after its own report: the report is what it had when it installed the view.</para>
/// </remarks>
public sealed partial class Gateway : Resource,
    IHandle<ChargeCounter>, IHandle<UnchargeCounter>, IHandle<AddToCounter>, IHandle<LoadCounter>,
    IHandle<StoreCounter>, IHandle<ReadCounter>, IHandle<WriteCounterMax>, IHandle<ReportCounter>,
    IHandle<BorrowPage>, IHandle<ReturnPage>, IHandle<ReclaimAt>, IHandle<WakeKsgxd>, IHandle<QueueWorkAt>,
    IHandle<ReadNodeAt>, IHandle<DrainStock>, IHandle<ShareMax>, IHandle<Arrive>, IHandle<ArriveTogether>,
    IHandle<Tick>, IHandle<InstallView>, IHandle<AwaitView>, IHandle<NextReport>, IHandle<TakeRequest>,
    IHandle<FinishRequest>, IHandle<ChargeLevels>, IHandle<UnchargeLevels>, IHandle<TakeStock>, IHandle<NextVictim>,
    IHandle<FindOwner>, IHandle<FindMember>, IHandle<FindMax>, IServesAsOwner<ChargeCounter>,
    IServesAsOwner<UnchargeCounter>, IServesAsOwner<AddToCounter>, IServesAsOwner<LoadCounter>,
    IServesAsOwner<StoreCounter>, IServesAsOwner<ReadCounter>, IServesAsOwner<WriteCounterMax>,
    IServesAsOwner<ReportCounter>, ITakesNews<ShareMax>
{
    private const int WorkerKinds = 2;
    private const int Windows = 1 + WorkerKinds;

    /// <summary>The longest wait before a request is sent again, as a multiple of the first.</summary>
    private const int MaxPatience = 4;

    [Constant]
    private readonly ClusterPort _port;
    [Constant]
    private readonly IOutbox _outbox;
    [Constant]
    private readonly IViewHistory _history;
    [Constant]
    private readonly IInbox? _inbox;
    [Constant]
    private readonly long[] _capacityOfMember;
    private readonly SharedCounter[] _counters;
    private readonly long[] _granted;
    private readonly long[] _used;
    private readonly long[] _stock;
    private readonly Limit[] _maxKnown;
    private readonly long[] _maxVersion;
    private readonly int[] _reportedSince;
    private readonly int[] _lastDead;
    private readonly int[] _nextVictim;
    private readonly Dictionary<int, Call> _callOf = [];
    private readonly List<Call> _calls = [];
    private readonly int[] _outstanding;
    private readonly Silence _silence;
    [NotState]
    private int _oldestCall;
    private readonly Queue<Call>[] _waiting;
    private readonly Dictionary<(int Member, int Caller), Served> _servedOf = [];
    private readonly List<Served> _served = [];
    private readonly Queue<int>[] _requests = new Queue<int>[WorkerKinds];
    private readonly WaitQueue[] _workers = new WaitQueue[WorkerKinds];
    private WaitQueue _viewWaiters;
    private ClusterView _view;
    [NotState]
    private bool _sendsSeveral;

    /// <param name="id">Address.</param>
    /// <param name="port">The member that this process is.</param>
    /// <param name="outbox">Outbox for frames to other processes.</param>
    /// <param name="history">Source of views; the first one is there.</param>
    /// <param name="max">By counter: its limit, in bytes or in what it counts.</param>
    /// <param name="capacityOfMember">By member: bytes of EPC on its sockets.</param>
    /// <param name="bootPagesOfMember">By member: pages that are free from the start and counted, for those of the
    /// first view.</param>
    /// <param name="inbox">Inbox of frames that arrive together; null when they come one by one.</param>
    public Gateway(
        ActorId id,
        ClusterPort port,
        IOutbox outbox,
        IViewHistory history,
        IReadOnlyList<Limit> max,
        IReadOnlyList<long> capacityOfMember,
        IReadOnlyList<long> bootPagesOfMember,
        IInbox? inbox = null)
        : base(id, "gateway")
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(max);
        _port = port;
        _outbox = outbox;
        _history = history;
        _inbox = inbox;
        _capacityOfMember = [.. capacityOfMember];
        _view = history.Last;
        int members = _view.MemberCount;
        _counters = new SharedCounter[port.CounterCount];
        _granted = new long[port.CounterCount];
        _used = new long[port.CounterCount];
        _stock = new long[port.CounterCount];
        _advance = new int[port.CounterCount];
        for (int counter = 0; counter < _advance.Length; counter++)
        {
            _advance[counter] = BatchOf(counter);
        }

        _maxKnown = [.. max];
        _maxVersion = new long[port.CounterCount];
        _reportedSince = new int[port.CounterCount];
        _nextVictim = new int[port.Cgroups];
        Array.Fill(_nextVictim, port.Self);
        _lastDead = new int[members];
        _outstanding = new int[members * Windows];
        _silence = new Silence(members);
        _waiting = new Queue<Call>[members * Windows];
        for (int window = 0; window < _waiting.Length; window++)
        {
            _waiting[window] = new Queue<Call>();
        }

        for (int kind = 0; kind < WorkerKinds; kind++)
        {
            _requests[kind] = new Queue<int>();
        }

        for (int counter = 0; counter < _counters.Length; counter++)
        {
            bool isOwner = _view.OwnerOf(counter) == port.Self;
            _counters[counter] = new SharedCounter(members, max[counter], Capacity(counter)) { IsOwner = isOwner };

            // With no earlier incarnation there is nothing to report; the owners know that a member that joins later
            // has nothing.
            bool isFresh = _view.JoinedAt(port.Self) >= _view.OwnerSince(counter);
            _reportedSince[counter] = isFresh ? _view.OwnerSince(counter) : 0;
            _counters[counter].IsRebuilding = _counters[counter].IsOwner && !HaveAllReported(counter);
        }

        if (_view.Epoch == 1)
        {
            ArgumentNullException.ThrowIfNull(bootPagesOfMember);
            CountBootPages(bootPagesOfMember);
        }
    }

    public override ActorKind ActorKind => ActorKind.Gateway;

    /// <summary>The view that is installed.</summary>
    public ClusterView View => _view;

    /// <summary>
    /// This process is dead in the view of another one: it must stop, as none of its work counts any more.
    /// </summary>
    public bool IsFenced { get; private set; }

    /// <summary>Frames sent, without those that were sent again.</summary>
    [NotState]
    public long Sent { get; private set; }

    /// <summary>Frames sent again.</summary>
    [NotState]
    public long SentAgain { get; private set; }

    /// <summary>Frames that came from the dead, or were for the dead.</summary>
    [NotState]
    public long FencedFrames { get; private set; }

    /// <summary>Calls that are not answered.</summary>
    public int OutstandingCalls { get; private set; }

    /// <summary>
    /// Ticks for which a member has owed an answer without a sign of it; 0 when it owes none. Another thread may read
    /// it: the number was right a moment ago.
    /// </summary>
    public int SilentTicks(int member) => _silence.Of(member);

    /// <summary>
    /// True when a call is without an answer although it was sent again twice: the work of this process waits for
    /// another one. Another thread may read it: it was so a moment ago.
    /// </summary>
    public bool IsHeldUp => _oldestCall > 2 * _port.ResendTicks;

    /// <summary>Frames that came.</summary>
    [NotState]
    public long Received { get; private set; }

    /// <summary>
    /// Amount that this process was granted of a shared counter and did not give back, its stock included.
    /// </summary>
    public long GrantedOf(int counter) => _granted[counter];

    /// <summary>The part of it that tasks know: the rest is stock, or on its way to them.</summary>
    public long UsedOf(int counter) => _used[counter];

    /// <summary>
    /// Amount that this process has taken in advance: bytes that are charged and not used; below zero for the free-page
    /// counter: pages that are free and not counted.
    /// </summary>
    public long StockOf(int counter) => _stock[counter];

    /// <summary>
    /// The part of the free-page counter that this process shared counters for, what it has in advance included: the
    /// sum over all is the number of free pages.
    /// </summary>
    public long CountedFreePages => _granted[_port.FreePageCounter] - _stock[_port.FreePageCounter];

    /// <summary>
    /// A shared counter as its owner has it; of a shared counter with another owner only the limit is of use.
    /// </summary>
    public SharedCounter CounterOf(int counter) => _counters[counter];

    /// <summary>
    /// Counts the pages that are free at boot before any process looks, not while processes make their actors.
    /// </summary>
    private void CountBootPages(IReadOnlyList<long> ofMember)
    {
        SharedCounter freePages = _counters[_port.FreePageCounter];
        _granted[_port.FreePageCounter] = _used[_port.FreePageCounter] = ofMember[_port.Self];
        for (int member = 0; member < _view.MemberCount && freePages.IsOwner; member++)
        {
            freePages.Of[member] = ofMember[member];
            freePages.Value += ofMember[member];
        }
    }

    public void Handle(ref AwaitView message, Turn turn)
    {
        if (!IsFenced && message.Epoch >= _view.Epoch)
        {
            turn.Park(ref _viewWaiters);
            return;
        }

        message.Epoch = _view.Epoch;
        message.IsFenced = IsFenced;
    }

    public void Handle(ref NextReport message, Turn turn)
    {
        message.Counter = -1;
        for (int counter = 0; counter < _counters.Length; counter++)
        {
            if (_reportedSince[counter] < _view.OwnerSince(counter))
            {
                message.Counter = counter;
                return;
            }
        }
    }

    public void Handle(ref TakeRequest message, Turn turn)
    {
        Queue<int> kind = _requests[message.WorkerKind];
        if (kind.Count == 0)
        {
            turn.Park(ref _workers[message.WorkerKind]);
            return;
        }

        message.Ticket = kind.Dequeue();
        message.Request = _served[message.Ticket].Frame;
    }

    public void Handle(ref FinishRequest message, Turn turn)
    {
        Served served = _served[message.Ticket];

        // The process that asked may be dead by now; then its next incarnation may have asked something else.
        if (served.IsRunning && served.Sequence == message.Request.Sequence
            && served.Incarnation == message.Request.FromIncarnation)
        {
            served.IsRunning = false;
            Reply(served, in message.Request);
        }
    }
}
