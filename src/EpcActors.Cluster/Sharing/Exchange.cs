using EpcActors.Actors;
using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// Traffic of one process with the others: the calls of its tasks, the accounts that have their home here, the requests
/// that came from elsewhere. It is one actor, because that makes it exact: a request is recognised, fenced, executed
/// and answered in one turn, and an answer is booked in the turn in which it is accepted.
/// </summary>
/// <remarks>
/// <para><b>Calls happen once.</b> Frames may be lost, doubled and late. A request is sent again until it is answered
/// (<see cref="Tick"/>); the receiver keeps the last request of each task with its answer, so that a second one of the
/// same number only gets the answer again, and an older one nothing.</para>
/// <para><b>The dead are fenced.</b> A frame counts only between incarnations that are alive in the view of the
/// receiver. When a view takes an incarnation away, its part of every account here is taken off in that same turn; its
/// requests still on the way are refused from then on, so nothing is released twice and nothing is added later.</para>
/// <para><b>Homes can be lost.</b> Every process knows what it was granted of each account: the sum over the living is
/// the account. A new home serves no request until every process that was there has reported. A process accepts no
/// answer of the old home after its own report: the report is what it had when it installed the view.</para>
/// </remarks>
public sealed partial class Exchange : Resource,
    IHandle<ChargeAccount>, IHandle<UnchargeAccount>, IHandle<AddAccount>, IHandle<LoadAccount>, IHandle<StoreAccount>,
    IHandle<ReadAccount>, IHandle<WriteAccountMax>, IHandle<ReportAccount>, IHandle<BorrowPage>, IHandle<ReturnPage>,
    IHandle<ReclaimAt>, IHandle<WakeKsgxd>, IHandle<QueueWorkAt>, IHandle<ReadNodeAt>, IHandle<DrainStock>,
    IHandle<ShareMax>, IHandle<Arrive>, IHandle<ArriveTogether>, IHandle<Tick>, IHandle<InstallView>,
    IHandle<AwaitView>, IHandle<NextReport>, IHandle<TakeRequest>, IHandle<FinishRequest>, IHandle<ChargeLevels>,
    IHandle<UnchargeLevels>, IHandle<TakeStock>, IHandle<NextVictim>, IHandle<FindHome>, IHandle<FindMember>,
    IHandle<FindMax>,
    IServesAtHome<ChargeAccount>, IServesAtHome<UnchargeAccount>, IServesAtHome<AddAccount>,
    IServesAtHome<LoadAccount>, IServesAtHome<StoreAccount>, IServesAtHome<ReadAccount>,
    IServesAtHome<WriteAccountMax>, IServesAtHome<ReportAccount>, ITakesNews<ShareMax>
{
    private const int Lanes = 2;
    private const int Windows = 1 + Lanes;

    /// <summary>The longest wait before a request is sent again, as a multiple of the first.</summary>
    private const int MaxPatience = 4;

    [Constant]
    private readonly ClusterPort _port;
    [Constant]
    private readonly IOutbox _outbox;
    [Constant]
    private readonly IViewBoard _board;
    [Constant]
    private readonly IInbox? _inbox;
    [Constant]
    private readonly long[] _capacityOfMember;
    private readonly Account[] _accounts;
    private readonly long[] _granted;
    private readonly long[] _used;
    private readonly long[] _stock;
    private readonly ulong[] _maxKnown;
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
    private readonly Queue<int>[] _lanes = new Queue<int>[Lanes];
    private readonly WaitQueue[] _deputies = new WaitQueue[Lanes];
    private WaitQueue _viewWaiters;
    private ClusterView _view;
    [NotState]
    private bool _sendsSeveral;

    /// <param name="id">Address.</param>
    /// <param name="port">The member that this process is.</param>
    /// <param name="outbox">Outbox for frames to other processes.</param>
    /// <param name="board">Source of views; the first one is there.</param>
    /// <param name="max">By account: its limit, bytes or whatever it counts; ulong.MaxValue for none.</param>
    /// <param name="capacityOfMember">By member: bytes of EPC on its sockets.</param>
    /// <param name="bootPagesOfMember">By member: pages that are free from the start and counted, for those of the
    /// first view.</param>
    /// <param name="inbox">Inbox of frames that arrive together; null when they come one by one.</param>
    public Exchange(
        ActorId id,
        ClusterPort port,
        IOutbox outbox,
        IViewBoard board,
        IReadOnlyList<ulong> max,
        IReadOnlyList<long> capacityOfMember,
        IReadOnlyList<long> bootPagesOfMember,
        IInbox? inbox = null)
        : base(id, "exchange")
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(board);
        ArgumentNullException.ThrowIfNull(max);
        _port = port;
        _outbox = outbox;
        _board = board;
        _inbox = inbox;
        _capacityOfMember = [.. capacityOfMember];
        _view = board.Last;
        int members = _view.MemberCount;
        _accounts = new Account[port.AccountCount];
        _granted = new long[port.AccountCount];
        _used = new long[port.AccountCount];
        _stock = new long[port.AccountCount];
        _advance = new int[port.AccountCount];
        for (int account = 0; account < _advance.Length; account++)
        {
            _advance[account] = BatchOf(account);
        }

        _maxKnown = [.. max];
        _maxVersion = new long[port.AccountCount];
        _reportedSince = new int[port.AccountCount];
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

        for (int lane = 0; lane < Lanes; lane++)
        {
            _lanes[lane] = new Queue<int>();
        }

        for (int account = 0; account < _accounts.Length; account++)
        {
            bool isHome = _view.HomeOf(account) == port.Self;
            _accounts[account] = new Account(members, max[account], Capacity(account)) { IsHome = isHome };

            // With no earlier incarnation there is nothing to report; the homes know that a member that joins later has
            // nothing.
            bool isFresh = _view.JoinedAt(port.Self) >= _view.HomeSince(account);
            _reportedSince[account] = isFresh ? _view.HomeSince(account) : 0;
            _accounts[account].IsRebuilding = _accounts[account].IsHome && !EverybodyHasReported(account);
        }

        if (_view.Epoch != 1)
        {
            return;
        }

        // The pages that are free at boot are counted before any process looks, not while processes make their actors.
        ArgumentNullException.ThrowIfNull(bootPagesOfMember);
        Account counter = _accounts[port.FreePageCounter];
        _granted[port.FreePageCounter] = _used[port.FreePageCounter] = bootPagesOfMember[port.Self];
        for (int member = 0; member < members && counter.IsHome; member++)
        {
            counter.Of[member] = bootPagesOfMember[member];
            counter.Value += bootPagesOfMember[member];
        }
    }

    public override ActorKind ActorKind => ActorKind.Exchange;

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

    /// <summary>Amount that this process was granted of an account and did not give back, its stock included.</summary>
    public long GrantedOf(int account) => _granted[account];

    /// <summary>The part of it that tasks know: the rest is stock, or on its way to them.</summary>
    public long UsedOf(int account) => _used[account];

    /// <summary>
    /// Amount that this process has taken in advance: bytes that are charged and not used; below zero for the free-page
    /// counter: pages that are free and not counted.
    /// </summary>
    public long StockOf(int account) => _stock[account];

    /// <summary>
    /// The part of the free-page counter that this process accounts for, what it has in advance included: the sum over
    /// all is the number of free pages.
    /// </summary>
    public long CountedFreePages => _granted[_port.FreePageCounter] - _stock[_port.FreePageCounter];

    /// <summary>An account as its home has it; of an account with another home only the limit is of use.</summary>
    public Account AccountOf(int account) => _accounts[account];

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
        message.Account = -1;
        for (int account = 0; account < _accounts.Length; account++)
        {
            if (_reportedSince[account] < _view.HomeSince(account))
            {
                message.Account = account;
                return;
            }
        }
    }

    public void Handle(ref TakeRequest message, Turn turn)
    {
        Queue<int> lane = _lanes[message.Lane];
        if (lane.Count == 0)
        {
            turn.Park(ref _deputies[message.Lane]);
            return;
        }

        message.Ticket = lane.Dequeue();
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
