using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using static EpcActors.Actors.Cluster.ClusterProtocol;

namespace EpcActors.Actors.Cluster;

/// <summary>
/// What one process has to do with the others: the calls of its tasks, the accounts that have their home here, the requests that came from elsewhere. One actor, because
/// that is what makes it exact: a request is recognised, fenced, executed and answered in one turn, and an answer is booked in the turn in which it is accepted.
/// </summary>
/// <remarks>
/// <para><b>Calls happen once.</b> Frames may be lost, doubled and late. A request is sent again until it is answered (<see cref="Tick"/>); the receiver keeps the last
/// request of each task with its answer, so that a second one of the same number only gets the answer again, and an older one nothing.</para>
/// <para><b>The dead are fenced.</b> A frame counts only between incarnations that are alive in the view of the receiver. When a view takes an incarnation away, its part of
/// every account here is taken off in that same turn; what it still had on the way is refused from then on, so nothing is released twice and nothing is added behind.</para>
/// <para><b>Homes can be lost.</b> Every process knows what it was granted of each account: the sum over the living is the account. A new home serves nobody until
/// everybody who was there has reported, and nobody accepts an answer of the old home after its own report: the report is what it had when it installed the view.</para>
/// </remarks>
public sealed partial class Exchange : Resource,
    IHandle<ChargeAccount>, IHandle<UnchargeAccount>, IHandle<AddAccount>, IHandle<LoadAccount>, IHandle<StoreAccount>, IHandle<ReadAccount>,
    IHandle<WriteAccountMax>, IHandle<ReportAccount>, IHandle<BorrowPage>, IHandle<ReturnPage>, IHandle<ReclaimAt>, IHandle<WakeKsgxd>,
    IHandle<QueueWorkAt>, IHandle<ReadNodeAt>, IHandle<DrainStock>, IHandle<ShareMax>, IHandle<Arrive>, IHandle<ArriveTogether>, IHandle<Tick>, IHandle<InstallView>, IHandle<AwaitView>,
    IHandle<NextReport>, IHandle<TakeRequest>, IHandle<FinishRequest>, IHandle<ChargeLevels>, IHandle<UnchargeLevels>, IHandle<TakeStock>, IHandle<NextVictim>, IHandle<FindHome>, IHandle<FindMember>, IHandle<FindMax>
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

    /// <param name="id">Address.</param>
    /// <param name="port">The member that this process is.</param>
    /// <param name="outbox">Where frames go.</param>
    /// <param name="board">Where views come from; the first one is there.</param>
    /// <param name="max">By account: its limit, bytes or whatever it counts; ulong.MaxValue for none.</param>
    /// <param name="capacityOfMember">By member: bytes of EPC on its sockets.</param>
    /// <param name="bootPagesOfMember">By member: pages that are free from the start and counted, for those of the first view.</param>
    /// <param name="inbox">Where frames lie that arrive together; null when they come one by one.</param>
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
            _accounts[account] = new Account(members, max[account], Capacity(account)) { IsHome = _view.HomeOf(account) == port.Self };

            // Where nobody was before there is nothing to report; a member that comes later finds homes which know that it has nothing.
            bool isFresh = _view.JoinedAt(port.Self) >= _view.HomeSince(account);
            _reportedSince[account] = isFresh ? _view.HomeSince(account) : 0;
            _accounts[account].IsRebuilding = _accounts[account].IsHome && !EverybodyHasReported(account);
        }

        if (_view.Epoch != 1)
        {
            return;
        }

        // What is free at boot is counted before anybody looks, not while everybody comes up.
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

    /// <summary>This process is dead by the view of another one: it must stop, as nothing that it does counts any more.</summary>
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
    /// Ticks for which a member has owed an answer without a sign of it; 0 when it owes none. Another thread may ask: the number was right a moment ago.
    /// </summary>
    public int SilentTicks(int member) => _silence.Of(member);

    /// <summary>
    /// True when a call is without an answer although it was sent again twice: what this process does waits for another one. Another thread may ask: it was so a moment ago.
    /// </summary>
    public bool IsHeldUp => _oldestCall > 2 * _port.ResendTicks;

    /// <summary>Frames that came.</summary>
    [NotState]
    public long Received { get; private set; }

    /// <summary>
    /// The kind of deputy that a request needs. Reclaim waits for locks of enclaves, so it is kept apart: whoever holds such a lock may be waiting for any of the others (a page, a look at
    /// the lists, stock), and for none of reclaim.
    /// </summary>
    public static int LaneOf(in Frame request) =>
        request.Code == ReclaimAt.Code && request.Read<ReclaimAt>().Purpose != ReclaimPurpose.Look ? 1 : 0;

    /// <summary>What this process was granted of an account and did not give back, its stock included.</summary>
    public long GrantedOf(int account) => _granted[account];

    /// <summary>Of that, what tasks were told: the rest is stock, or on its way to them.</summary>
    public long UsedOf(int account) => _used[account];

    /// <summary>What this process has taken in advance: bytes that are charged and not used; below zero for the free-page counter: pages that are free and not counted.</summary>
    public long StockOf(int account) => _stock[account];

    /// <summary>The part of the free-page counter that this process accounts for, what it has in advance included: the sum over all is the number of free pages.</summary>
    public long CountedFreePages => _granted[_port.FreePageCounter] - _stock[_port.FreePageCounter];

    /// <summary>An account as its home has it; of another process's only its limit is of use.</summary>
    public Account AccountOf(int account) => _accounts[account];

    public void Handle(ref ChargeAccount message, Turn turn)
    {
        if (!turn.WasParked && _port.ChargeBatch > 1)
        {
            if (_stock[message.Account] >= message.Bytes)
            {
                _stock[message.Account] -= message.Bytes;
                _used[message.Account] += message.Bytes;
                message.Result = AccountCharge.Fits;
                return;
            }

            message.ExtraBytes = message.Bytes * AdvanceOf(message.Account);
        }

        if (AskHome(ref message, message.Account, 0, turn))
        {
            _used[message.Account] += Added(message) - ExtraAdded(message);
        }
    }

    public void Handle(ref UnchargeAccount message, Turn turn)
    {
        if (turn.WasParked)
        {
            long bytes = CallOf(turn.Caller).Bytes;
            _ = AskHome(ref message, message.Account, 0, turn);
            message.Bytes = bytes;
            _used[message.Account] -= bytes;
            return;
        }

        UnchargeAccount toHome = message;
        if (_port.ChargeBatch > 1 && !message.IsRollBack)
        {
            // As the per-CPU stock of the memory controller: a little stays here for the next charge.
            long keep = _view.HomeOf(message.Account) == _port.Self ? 0 : _advance[message.Account] * (long)KernelConstants.PageSize;
            long stock = _stock[message.Account] + message.Bytes;
            toHome.Bytes = stock > 2 * keep ? stock - keep : 0;
            _stock[message.Account] = stock - toHome.Bytes;
            if (toHome.Bytes == 0)
            {
                _used[message.Account] -= message.Bytes;
                return;
            }
        }

        if (AskHome(ref toHome, message.Account, message.Bytes, turn))
        {
            _used[message.Account] -= message.Bytes;
        }
    }

    public void Handle(ref AddAccount message, Turn turn)
    {
        long pages = message.Amount;
        AddAccount toHome = message;
        bool isHere = !turn.WasParked && TryCountHere(ref toHome);
        if (isHere || AskHome(ref toHome, message.Account, pages, turn))
        {
            _used[message.Account] += pages;
            message.Value = isHere ? _counterSeen : toHome.Value;
        }
    }

    public void Handle(ref LoadAccount message, Turn turn)
    {
        if (!turn.WasParked)
        {
            turn.Yield();
        }

        _ = AskHome(ref message, (int)message.Account, 0, turn);
    }

    public void Handle(ref StoreAccount message, Turn turn)
    {
        if (AskHome(ref message, (int)message.Account, 0, turn))
        {
            _used[message.Account] += message.Amount;
        }
    }

    public void Handle(ref ReadAccount message, Turn turn)
    {
        if (!turn.WasParked && message.Account == _port.FreePageCounter)
        {
            _drainedAdvances = Math.Max(_drainedAdvances, message.Advances);
            if (_isAhead && message.Enough > 0)
            {
                message.Value = Math.Max(_counterSeen, message.Enough);
                return;
            }
        }

        if (AskHome(ref message, (int)message.Account, 0, turn))
        {
            message.IsLowerBound = message.Advances > _drainedAdvances;
        }
    }

    public void Handle(ref WriteAccountMax message, Turn turn) => _ = AskHome(ref message, (int)message.Account, 0, turn);

    public void Handle(ref ReportAccount message, Turn turn) => _ = AskHome(ref message, (int)message.Account, 0, turn);

    public void Handle(ref BorrowPage message, Turn turn)
    {
        if (Ask(ref message, _port.MemberOfNode[message.Node], turn, out bool isGone) && isGone)
        {
            message.Page = Domain.Epc.EpcPageIndex.None;
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref ReturnPage message, Turn turn)
    {
        if (Ask(ref message, _port.MemberOfNode[message.Node], turn, out bool isGone) && isGone)
        {
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref ReclaimAt message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Result = 0;
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref WakeKsgxd message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref QueueWorkAt message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref ReadNodeAt message, Turn turn)
    {
        if (Ask(ref message, _port.MemberOfNode[message.Node], turn, out bool isGone) && isGone)
        {
            message.FreePages = 0;
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref DrainStock message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Bytes = 0;
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref ShareMax message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref NextVictim message, Turn turn)
    {
        int member = _nextVictim[message.Root];
        while (!_view.IsAlive(member))
        {
            member = (member + 1) % _view.MemberCount;
        }

        message.Member = member;
        _nextVictim[message.Root] = (member + 1) % _view.MemberCount;
    }

    public void Handle(ref FindHome message, Turn turn) => message.Member = _view.HomeOf(message.Account);

    public void Handle(ref FindMember message, Turn turn) => (message.Incarnation, message.Dead) = (_view.IncarnationOf(message.Member), _lastDead[message.Member]);

    public void Handle(ref FindMax message, Turn turn) => (message.Max, message.Version) = (_maxKnown[message.Account], _maxVersion[message.Account]);

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

        // Whoever asked may be dead by now; then a later life of it may have asked something else.
        if (served.IsRunning && served.Sequence == message.Request.Sequence && served.Incarnation == message.Request.FromIncarnation)
        {
            served.IsRunning = false;
            Reply(served, in message.Request);
        }
    }

    public void Handle(ref Arrive message, Turn turn) => OnFrame(in message.Frame, turn);

    public void Handle(ref ArriveTogether message, Turn turn)
    {
        ReadOnlySpan<Frame> frames = _inbox is null ? [] : _inbox.Frames;
        Invariant.That(frames.Length == message.Count, "frames of the inbox came or went while they were handled");
        foreach (ref readonly Frame frame in frames)
        {
            OnFrame(in frame, turn);
        }
    }

    private void OnFrame(in Frame frame, Turn turn)
    {
        Received++;
        if (IsFenced || frame.To != _port.Self || frame.ToIncarnation != _port.Incarnation || (uint)frame.From >= (uint)_view.MemberCount)
        {
            FencedFrames++;
            return;
        }

        if (frame.Kind == FrameKind.Fenced)
        {
            // Incarnations never come back, and only the coordinator takes them away: whoever says that we are dead is right.
            IsFenced = true;
            WakeViewWaiters(turn);
            return;
        }

        int alive = _view.IncarnationOf(frame.From);
        bool isOver = frame.FromIncarnation <= _lastDead[frame.From] || frame.FromIncarnation < alive;
        if (frame.FromIncarnation != alive && !(isOver && _port.Defect == ClusterDefect.LostFence))
        {
            FencedFrames++;
            if (frame.Kind == FrameKind.Request)
            {
                // A life that this view does not know yet is served as soon as the view comes that does.
                Notify(isOver ? FrameKind.Fenced : FrameKind.Pending, in frame);
            }

            return;
        }

        if (frame.Kind == FrameKind.Request)
        {
            OnRequest(in frame, turn);
            return;
        }

        _silence.End(frame.From);
        if (frame.Kind == FrameKind.Reply && _callOf.TryGetValue(frame.Caller, out Call? call)
            && call.State == CallState.Sent && call.Target == frame.From
            && (call.Frame.Sequence == frame.Sequence || (_port.Defect == ClusterDefect.LateReply && call.Frame.Code == frame.Code)))
        {
            Accept(call, in frame, turn);
        }
    }

    public void Handle(ref Tick message, Turn turn)
    {
        int oldest = 0;
        foreach (Call call in _calls)
        {
            if (call.State is not (CallState.Sent or CallState.Waiting))
            {
                continue;
            }

            oldest = Math.Max(oldest, ++call.Waited);
            if (call.State == CallState.Waiting)
            {
                continue;
            }

            _silence.Asked(call.Target);
            if (++call.Age >= call.Patience)
            {
                // A slow network or a busy process must not be given the same request faster than it takes it.
                SentAgain++;
                int patience = Math.Min(2 * call.Patience, MaxPatience * _port.ResendTicks);
                Transmit(call, turn);
                call.Patience = patience;
            }
        }

        _oldestCall = oldest;
        _silence.EndTick();
    }

    public void Handle(ref InstallView message, Turn turn)
    {
        if (message.Epoch > _view.Epoch)
        {
            Install(_board[message.Epoch], turn);
        }
    }

    /// <summary>A call to the home of an account. False: the request was parked.</summary>
    private bool AskHome<TMessage>(ref TMessage message, int account, long bytes, Turn turn)
        where TMessage : unmanaged, IMessage
    {
        Call call = CallOf(turn.Caller);
        if (!turn.WasParked)
        {
            call.Bytes = bytes;
            Begin(call, in message, _view.HomeOf(account), account, turn);
        }

        return TakeAnswer(call, ref message, turn, out _);
    }

    /// <summary>A call to a member. False: the request was parked.</summary>
    private bool Ask<TMessage>(ref TMessage message, int member, Turn turn, out bool isGone)
        where TMessage : unmanaged, IMessage
    {
        Call call = CallOf(turn.Caller);
        if (!turn.WasParked)
        {
            Invariant.That(member != _port.Self, "a process asks itself");
            Begin(call, in message, member, -1, turn);
        }

        return TakeAnswer(call, ref message, turn, out isGone);
    }

    private bool TakeAnswer<TMessage>(Call call, ref TMessage message, Turn turn, out bool isGone)
        where TMessage : unmanaged, IMessage
    {
        isGone = call.State == CallState.Gone;
        if (isGone)
        {
            call.State = CallState.Idle;
            return true;
        }

        if (call.State != CallState.Answered)
        {
            turn.Park(ref call.Waiter);
            return false;
        }

        message = call.Frame.Read<TMessage>();
        call.State = CallState.Idle;
        return true;
    }

    private Call CallOf(ActorId caller)
    {
        int number = caller.Index - _port.FirstId;
        if (!_callOf.TryGetValue(number, out Call? call))
        {
            call = new Call(number);
            _callOf.Add(number, call);
            _calls.Add(call);
        }

        return call;
    }

    private void Begin<TMessage>(Call call, in TMessage message, int target, int account, Turn turn)
        where TMessage : unmanaged, IMessage
    {
        Invariant.That(call.State == CallState.Idle, "a task has two calls");
        call.Frame.Write(in message);
        call.Frame.Sequence++;
        call.Account = account;
        call.Waited = 0;
        Direct(call, target, turn);
    }

    /// <summary>Sends a call to a target, or keeps it until there is room; a dead one answers at once.</summary>
    private void Direct(Call call, int target, Turn turn)
    {
        call.Target = target;
        if (call.State == CallState.Idle)
        {
            OutstandingCalls++;
        }

        if (!_view.IsAlive(target))
        {
            call.State = CallState.Gone;
            OutstandingCalls--;
            return;
        }

        int window = WindowOf(call);
        if (window >= 0 && _outstanding[window] >= _port.Window)
        {
            call.State = CallState.Waiting;
            _waiting[window].Enqueue(call);
            return;
        }

        if (window >= 0)
        {
            _outstanding[window]++;
        }

        call.State = CallState.Sent;
        Sent += target == _port.Self ? 0 : 1;
        Transmit(call, turn);
    }

    private void Transmit(Call call, Turn turn)
    {
        call.Age = 0;
        call.Patience = _port.ResendTicks;
        ref Frame frame = ref call.Frame;
        frame.Kind = FrameKind.Request;
        frame.Version = Frame.CurrentVersion;
        frame.From = (short)_port.Self;
        frame.To = (short)call.Target;
        frame.FromIncarnation = _port.Incarnation;
        frame.ToIncarnation = _view.IncarnationOf(call.Target);
        frame.Epoch = _view.Epoch;
        frame.Caller = call.Caller;
        if (frame.Code == ReportAccount.Code)
        {
            frame.Write(ReportOf(call.Account));
        }

        if (call.Target != _port.Self)
        {
            _outbox.Send(in frame);
            return;
        }

        Frame request = frame;
        if (Serve(ref request, out _, turn))
        {
            Accept(call, in request, turn);
        }
    }

    /// <summary>Tells the sender of a request something that is no answer to it, and that has no message.</summary>
    private void Notify(FrameKind kind, in Frame request)
    {
        Frame notice = new()
        {
            Kind = kind,
            Version = Frame.CurrentVersion,
            From = (short)_port.Self,
            To = request.From,
            FromIncarnation = _port.Incarnation,
            ToIncarnation = request.FromIncarnation,
            Epoch = _view.Epoch,
            Caller = request.Caller,
            Sequence = request.Sequence,
        };
        _outbox.Send(in notice);
    }

    /// <summary>An answer came: it is booked here and now, whenever its task gets to see it.</summary>
    private void Accept(Call call, in Frame reply, Turn turn)
    {
        Frame request = call.Frame;
        call.Frame.Payload = reply.Payload;
        Book(in call.Frame, call.Account, AskedInAdvance(in request));
        Release(call, turn);
        call.State = CallState.Answered;
        OutstandingCalls--;
        Wake(call, turn);
    }

    private static long AskedInAdvance(in Frame request) =>
        request.Code == ChargeAccount.Code ? request.Read<ChargeAccount>().ExtraBytes
        : request.Code == AddAccount.Code ? request.Read<AddAccount>().Advance
        : 0;

    /// <summary>A call is over: the next one to the same target may go.</summary>
    private void Release(Call call, Turn turn)
    {
        int window = WindowOf(call);
        if (window < 0)
        {
            return;
        }

        _outstanding[window]--;
        if (_waiting[window].TryDequeue(out Call? next))
        {
            Direct(next, next.Target, turn);
        }
    }

    /// <summary>
    /// What a call takes a place in until it is answered: there is one window to each process for accounts and one for each kind of deputy, as a deputy
    /// that is waited for may need an account, or another kind of deputy, to come to its end. A report needs no place: what waits in the window may be waiting for it.
    /// </summary>
    private int WindowOf(Call call) =>
        call.Target == _port.Self || call.Frame.Code == ReportAccount.Code ? -1
        : (call.Target * Windows) + (call.Account >= 0 ? 0 : 1 + LaneOf(in call.Frame));

    private static void Wake(Call call, Turn turn)
    {
        // In the turn in which it was asked nobody waits yet.
        if (!call.Waiter.IsEmpty)
        {
            turn.Ready(ref call.Waiter);
        }
    }

    private void WakeViewWaiters(Turn turn)
    {
        while (!_viewWaiters.IsEmpty)
        {
            turn.Ready(ref _viewWaiters);
        }
    }

    private void OnRequest(in Frame frame, Turn turn)
    {
        if (!_servedOf.TryGetValue((frame.From, frame.Caller), out Served? served))
        {
            served = new Served(frame.From, frame.Caller, _served.Count);
            _servedOf.Add((frame.From, frame.Caller), served);
            _served.Add(served);
        }

        if (served.Incarnation != frame.FromIncarnation)
        {
            served.Incarnation = frame.FromIncarnation;
            served.Sequence = 0;
            served.IsRunning = false;
        }

        if (frame.Sequence < served.Sequence)
        {
            return;
        }

        if (frame.Sequence == served.Sequence && served.IsRunning)
        {
            Notify(FrameKind.Pending, in frame);
            return;
        }

        if (frame.Sequence == served.Sequence && _port.Defect != ClusterDefect.NoMemory)
        {
            // Its answer was lost, or is still on the way.
            SentAgain++;
            _outbox.Send(in served.Frame);
            return;
        }

        Frame request = frame;
        if (frame.Code == ShareMax.Code)
        {
            Learn(frame.Read<ShareMax>());
            served.Sequence = frame.Sequence;
            served.Effect = 0;
            Reply(served, in request);
        }
        else if (frame.Code is >= 0x0E09 and < FirstLocalCode)
        {
            served.Sequence = frame.Sequence;
            served.Effect = 0;
            served.IsRunning = true;
            served.Frame = request;
            int lane = LaneOf(in frame);
            _lanes[lane].Enqueue(served.Ticket);
            if (!_deputies[lane].IsEmpty)
            {
                turn.Ready(ref _deputies[lane]);
            }
        }
        else if (Serve(ref request, out long effect, turn))
        {
            served.Sequence = frame.Sequence;
            served.Effect = effect;
            Reply(served, in request);
        }
        else
        {
            Notify(FrameKind.Pending, in frame);
        }
    }

    private void Reply(Served served, in Frame request)
    {
        served.Frame = request;
        ref Frame reply = ref served.Frame;
        reply.Kind = FrameKind.Reply;
        (reply.From, reply.To) = (request.To, request.From);
        (reply.FromIncarnation, reply.ToIncarnation) = (request.ToIncarnation, request.FromIncarnation);
        reply.Epoch = _view.Epoch;
        Sent++;
        _outbox.Send(in reply);
    }
}
