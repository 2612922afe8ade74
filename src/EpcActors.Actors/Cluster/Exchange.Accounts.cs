using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using static EpcActors.Actors.Cluster.ClusterProtocol;

namespace EpcActors.Actors.Cluster;

/// <content>Accounts at their home, and their recovery when a process dies.</content>
public sealed partial class Exchange
{
    /// <summary>Amount that a charge added at its home, whether it was accepted or not.</summary>
    private long Added(in ChargeAccount charge) =>
        charge.Result == AccountCharge.Fits ? charge.Bytes + charge.ExtraBytes
        : _port.ChargeBatch > 1 ? 0
        : charge.Bytes;

    private static long ExtraAdded(in ChargeAccount charge) =>
        charge.Result == AccountCharge.Fits ? charge.ExtraBytes : 0;

    /// <summary>Change that an answered request made to its account.</summary>
    private long EffectOf(in Frame answered)
    {
        if (answered.Code == ChargeAccount.Code)
        {
            return Added(answered.Read<ChargeAccount>());
        }

        if (answered.Code == UnchargeAccount.Code)
        {
            return -answered.Read<UnchargeAccount>().Bytes;
        }

        if (answered.Code == AddAccount.Code)
        {
            AddAccount add = answered.Read<AddAccount>();
            return add.Amount - add.Advance;
        }

        return answered.Code == StoreAccount.Code ? answered.Read<StoreAccount>().Amount : 0;
    }

    /// <summary>Books an answer of a home: it changes what this process was granted.</summary>
    /// <param name="answered">The answer.</param>
    /// <param name="account">The account, -1 for none.</param>
    /// <param name="asked">Amount asked for in advance, pages or bytes.</param>
    private void Book(in Frame answered, int account, long asked)
    {
        if (account < 0)
        {
            return;
        }

        _granted[account] += EffectOf(in answered);
        if (answered.Code == ChargeAccount.Code)
        {
            ChargeAccount charge = answered.Read<ChargeAccount>();
            _stock[account] += ExtraAdded(charge);
            if (asked > 0)
            {
                Grow(account, asked / KernelConstants.PageSize, charge.ExtraBytes / KernelConstants.PageSize);
            }
        }
        else if (answered.Code == AddAccount.Code)
        {
            AddAccount add = answered.Read<AddAccount>();
            _stock[account] -= add.Advance;
            _counterSeen = add.Value;

            // The home has none to give, so the watermarks are near.
            if (asked > 0)
            {
                _isAhead = add.Advance > 0;
                Grow(account, asked, add.Advance);
            }
        }
        else if (answered.Code == ReportAccount.Code)
        {
            _reportedSince[account] = (int)answered.Read<ReportAccount>().Since;
        }
        else if (answered.Code == WriteAccountMax.Code)
        {
            WriteAccountMax write = answered.Read<WriteAccountMax>();
            LearnMax(account, write.Max, write.Version);
        }
    }

    /// <summary>The limit of an account as this process knows it, bytes; long.MaxValue for none.</summary>
    public long MaxBytesOf(int account) => (long)Math.Min(_maxKnown[account], long.MaxValue);

    /// <summary>The highest value of an account within its limits, if this process is its home; else 0.</summary>
    public long PeakAtHome(int account) => _accounts[account] is { IsHome: true } home ? home.Peak : 0;

    private ReportAccount ReportOf(int account) => new()
    {
        Account = account,
        Amount = _port.Defect == ClusterDefect.ForgottenStock ? _granted[account] - _stock[account] : _granted[account],
        Max = _maxKnown[account],
        MaxVersion = _maxVersion[account],
        Since = _view.HomeSince(account),
    };

    /// <summary>
    /// A limit that was written in another process. A home that was rebuilt meanwhile, without the writer's report,
    /// learns it here.
    /// </summary>
    private void Learn(in ShareMax share)
    {
        int account = (int)share.Account;
        LearnMax(account, share.Max, share.Version);
        Account home = _accounts[account];
        if (home.IsHome && share.Version > home.MaxVersion)
        {
            home.Max = share.Max;
            home.MaxVersion = share.Version;
        }
    }

    private void LearnMax(int account, ulong max, long version)
    {
        if (version > _maxVersion[account])
        {
            _maxKnown[account] = max;
            _maxVersion[account] = version;
        }
    }

    /// <summary>Executes a request about an account at its home.</summary>
    /// <param name="frame">The request; then the answer.</param>
    /// <param name="effect">Change that it made to the account.</param>
    /// <param name="turn">The turn.</param>
    /// <returns>False: not now; the caller asks again.</returns>
    private bool Serve(ref Frame frame, out long effect, Turn turn)
    {
        effect = 0;
        if (frame.Code == ReportAccount.Code)
        {
            return ServeReport(in frame, turn);
        }

        int account = AccountIn(in frame);
        if ((uint)account >= (uint)_accounts.Length)
        {
            throw new InvariantViolation(
                $"a frame of member {frame.From} speaks of account {account} of {_accounts.Length}");
        }

        Account home = _accounts[account];
        if (!home.IsHome || (home.IsRebuilding && _port.Defect != ClusterDefect.EarlyHome))
        {
            return false;
        }

        if (frame.Code == ChargeAccount.Code)
        {
            ChargeAccount charge = frame.Read<ChargeAccount>();
            Charge(home, ref charge);
            frame.Write(in charge);
        }
        else if (frame.Code == AddAccount.Code)
        {
            AddAccount add = frame.Read<AddAccount>();
            Advance(home, ref add);
            frame.Write(in add);
        }
        else if (frame.Code == LoadAccount.Code)
        {
            LoadAccount load = frame.Read<LoadAccount>();
            load.Value = home.Value;
            frame.Write(in load);
        }
        else if (frame.Code == ReadAccount.Code)
        {
            ReadAccount read = frame.Read<ReadAccount>();
            read.Value = home.Value;
            read.Max = (long)Math.Min(home.Max, long.MaxValue);
            read.Advances = home.Advances;
            frame.Write(in read);
        }
        else if (frame.Code == WriteAccountMax.Code)
        {
            WriteAccountMax write = frame.Read<WriteAccountMax>();
            home.Max = write.Max;
            write.Version = ++home.MaxVersion;
            LearnMax(account, write.Max, write.Version);
            frame.Write(in write);
        }

        effect = EffectOf(in frame);
        home.Of[frame.From] += effect;

        // An unprotected store is the one change that is no addition.
        home.Value = frame.Code == StoreAccount.Code ? frame.Read<StoreAccount>().Value : home.Value + effect;
        if (frame.Code == ChargeAccount.Code && frame.Read<ChargeAccount>().Result == AccountCharge.Fits)
        {
            home.Peak = Math.Max(home.Peak, home.Value);
        }

        return true;
    }

    private static int AccountIn(in Frame frame) => frame.Code switch
    {
        0x0E01 => frame.Read<ChargeAccount>().Account,
        0x0E02 => frame.Read<UnchargeAccount>().Account,
        0x0E03 => frame.Read<AddAccount>().Account,
        0x0E04 => (int)frame.Read<LoadAccount>().Account,
        0x0E05 => (int)frame.Read<StoreAccount>().Account,
        0x0E06 => (int)frame.Read<ReadAccount>().Account,
        0x0E07 => (int)frame.Read<WriteAccountMax>().Account,
        _ => -1,
    };

    /// <summary>Decides a charge; the caller adds the amount.</summary>
    private void Charge(Account home, ref ChargeAccount charge)
    {
        long room = RoomIn(home);
        if (room < charge.Bytes)
        {
            charge.Result = AccountCharge.Over;
            charge.ExtraBytes = 0;
            return;
        }

        // In whole pages: a stock of half a page has no use.
        charge.Result = AccountCharge.Fits;
        charge.ExtraBytes = ShareOf(room - charge.Bytes, charge.ExtraBytes) / charge.Bytes * charge.Bytes;
    }

    private bool ServeReport(in Frame frame, Turn turn)
    {
        ReportAccount report = frame.Read<ReportAccount>();
        int account = (int)report.Account;
        Account home = _accounts[account];
        if (!home.IsHome || report.Since != _view.HomeSince(account))
        {
            return false;
        }

        // Its number makes sure that it is served once; a member for which the home does not wait has nothing.
        if (home.IsRebuilding && !home.HasReported[frame.From])
        {
            home.HasReported[frame.From] = true;
            home.Of[frame.From] += report.Amount;
            home.Value += report.Amount;
            if (report.MaxVersion > home.MaxVersion)
            {
                home.Max = report.Max;
                home.MaxVersion = report.MaxVersion;
                LearnMax(account, report.Max, report.MaxVersion);
            }

            EndRebuildIfComplete(account, turn);
        }

        return true;
    }

    private bool EverybodyHasReported(int account)
    {
        int since = _view.HomeSince(account);
        foreach (int member in _view.Alive())
        {
            // The first view, and every incarnation that came with the view or later, begins with nothing.
            if (_view.JoinedAt(member) < since && !_accounts[account].HasReported[member])
            {
                return false;
            }
        }

        return true;
    }

    private void EndRebuildIfComplete(int account, Turn turn)
    {
        Account home = _accounts[account];
        if (!home.IsRebuilding || !EverybodyHasReported(account))
        {
            return;
        }

        home.IsRebuilding = false;
        home.Peak = Math.Max(home.Peak, home.Value);
        foreach (Call call in _calls)
        {
            if (
                call.State == CallState.Sent
                && call.Account == account
                && call.Target == _port.Self
                && call.Frame.Code != ReportAccount.Code)
            {
                Transmit(call, turn);
            }
        }
    }

    /// <summary>misc.capacity, of the sockets that are there; the free-page counter has none.</summary>
    private long Capacity(int account)
    {
        if (account >= _port.Cgroups)
        {
            return long.MaxValue;
        }

        long sum = 0;
        foreach (int member in _view.Alive())
        {
            sum += _capacityOfMember[member];
        }

        return sum;
    }

    private void Install(ClusterView view, Turn turn)
    {
        ClusterView before = _view;
        _view = view;
        if (view.IncarnationOf(_port.Self) != _port.Incarnation)
        {
            IsFenced = true;
            WakeViewWaiters(turn);
            return;
        }

        for (int member = 0; member < view.MemberCount; member++)
        {
            // An incarnation that came and went between two of our views had nothing from us.
            if (before.IncarnationOf(member) != 0 && before.IncarnationOf(member) != view.IncarnationOf(member)
                && !(view.IncarnationOf(member) != 0 && _port.Defect == ClusterDefect.QuickReturn))
            {
                _lastDead[member] = Math.Max(_lastDead[member], before.IncarnationOf(member));
                Bury(member);
            }

            if (before.IncarnationOf(member) != view.IncarnationOf(member))
            {
                _silence.End(member);
            }
        }

        for (int account = 0; account < _accounts.Length; account++)
        {
            Account home = _accounts[account];
            home.Capacity = Capacity(account);
            bool isHome = view.HomeOf(account) == _port.Self;
            if (isHome && before.HomeSince(account) != view.HomeSince(account))
            {
                home.IsHome = true;
                home.IsRebuilding = true;
                home.Value = 0;
                home.Advances =
                    _port.CounterBatch > 1 && account == _port.FreePageCounter
                        ? (long)view.HomeSince(account) << 32
                        : 0;
                home.Max = _maxKnown[account];
                home.MaxVersion = _maxVersion[account];
                Array.Clear(home.Of);
                Array.Clear(home.HasReported);
            }

            home.IsHome = isHome;
            if (_view.JoinedAt(_port.Self) >= _view.HomeSince(account))
            {
                _reportedSince[account] = _view.HomeSince(account);
            }
        }

        // Sockets may have gone: every process looks at the home before it relies on pages in advance again.
        _isAhead = false;

        // Calls to the dead: those with an account go to its new home, the others are answered. All give their places
        // back before the first takes one again: a call that finds no room waits for an answer to another call, and
        // none would come.
        List<Call> lost = [];
        foreach (Call call in _calls)
        {
            if (call.State is not (CallState.Sent or CallState.Waiting) || !Leaves(call, before))
            {
                continue;
            }

            if (call.State == CallState.Sent && WindowOf(call) is >= 0 and var window)
            {
                _outstanding[window]--;
            }

            lost.Add(call);
        }

        foreach (Call call in lost)
        {
            OutstandingCalls--;
            if (call.Account >= 0)
            {
                // Use a new number, as the call with the old one may have been served there.
                call.Frame.Sequence++;
                call.State = CallState.Idle;
                Redirect(call, turn);
            }
            else
            {
                call.State = CallState.Gone;
                Wake(call, turn);
            }
        }

        for (int account = 0; account < _accounts.Length; account++)
        {
            EndRebuildIfComplete(account, turn);
        }

        WakeViewWaiters(turn);
    }

    /// <summary>Removes a dead incarnation: takes its parts off once, and forgets its requests.</summary>
    private void Bury(int member)
    {
        foreach (Account home in _accounts)
        {
            if (home.IsHome)
            {
                home.Value -= home.Of[member];
                home.Of[member] = _port.Defect == ClusterDefect.DoubleRelease ? home.Of[member] : 0;
                home.HasReported[member] = false;
            }
        }

        foreach (Served served in _served)
        {
            if (served.Member == member)
            {
                served.IsRunning = false;
                served.Sequence = 0;
                served.Incarnation = 0;
            }
        }

        foreach (Queue<int> lane in _lanes)
        {
            for (int left = lane.Count; left > 0; left--)
            {
                int ticket = lane.Dequeue();
                if (_served[ticket].Member != member)
                {
                    lane.Enqueue(ticket);
                }
            }
        }

        // The calls that waited for room are found with the others, among the calls.
        for (int window = 0; window < Windows; window++)
        {
            _waiting[(member * Windows) + window].Clear();
        }
    }

    /// <summary>
    /// True when the called process is dead in the view that was just installed, or no longer keeps the account.
    /// </summary>
    private bool Leaves(Call call, ClusterView before) =>
        before.IncarnationOf(call.Target) != _view.IncarnationOf(call.Target)
        || (call.Account >= 0 && _view.HomeOf(call.Account) != call.Target);

    private void Redirect(Call call, Turn turn) => Direct(call, _view.HomeOf(call.Account), turn);
}
