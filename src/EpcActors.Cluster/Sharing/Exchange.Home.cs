using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Requests to homes, message by message: at the home, and what their answers change here.</content>
public sealed partial class Exchange
{
    bool IServesAtHome<ChargeAccount>.Serve(int member, ref ChargeAccount message, out long effect, Turn turn)
    {
        effect = 0;
        if (HomeNow(member, message.Account) is not { } home)
        {
            return false;
        }

        long room = RoomIn(home);
        bool fits = room >= message.Bytes;
        message.Result = fits ? AccountCharge.Fits : AccountCharge.Over;

        // In whole pages: a stock of half a page has no use.
        message.ExtraBytes = fits
            ? ShareOf(room - message.Bytes, message.ExtraBytes) / message.Bytes * message.Bytes
            : 0;
        effect = Change(home, member, Added(message));
        home.Peak = fits ? Math.Max(home.Peak, home.Value) : home.Peak;
        return true;
    }

    void IServesAtHome<ChargeAccount>.Book(int account, in ChargeAccount asked, in ChargeAccount answered)
    {
        _granted[account] += Added(answered);
        _stock[account] += ExtraAdded(answered);
        if (asked.ExtraBytes > 0)
        {
            Grow(
                account,
                asked.ExtraBytes / KernelConstants.PageSize,
                answered.ExtraBytes / KernelConstants.PageSize);
        }
    }

    long IServesAtHome<ChargeAccount>.UnderWay(in ChargeAccount message, long bytes, bool isAnswered) =>
        isAnswered ? Added(message) - ExtraAdded(message) : 0;

    bool IServesAtHome<UnchargeAccount>.Serve(int member, ref UnchargeAccount message, out long effect, Turn turn) =>
        TryChange(member, message.Account, -message.Bytes, out effect);

    void IServesAtHome<UnchargeAccount>.Book(int account, in UnchargeAccount asked, in UnchargeAccount answered) =>
        _granted[account] -= answered.Bytes;

    long IServesAtHome<UnchargeAccount>.UnderWay(in UnchargeAccount message, long bytes, bool isAnswered) =>
        isAnswered ? -bytes : message.Bytes - bytes;

    bool IServesAtHome<AddAccount>.Serve(int member, ref AddAccount message, out long effect, Turn turn)
    {
        effect = 0;
        if (HomeNow(member, message.Account) is not { } home)
        {
            return false;
        }

        Advance(home, ref message);
        effect = Change(home, member, message.Amount - message.Advance);
        return true;
    }

    void IServesAtHome<AddAccount>.Book(int account, in AddAccount asked, in AddAccount answered)
    {
        _granted[account] += answered.Amount - answered.Advance;
        _stock[account] -= answered.Advance;
        _counterSeen = answered.Value;

        // The home has none to give, so the watermarks are near.
        if (asked.Advance > 0)
        {
            _isAhead = answered.Advance > 0;
            Grow(account, asked.Advance, answered.Advance);
        }
    }

    /// <summary>The amount that goes to the home beyond the task's own pages has left the stock already.</summary>
    long IServesAtHome<AddAccount>.UnderWay(in AddAccount message, long bytes, bool isAnswered) =>
        isAnswered ? bytes : bytes - message.Amount;

    bool IServesAtHome<LoadAccount>.Serve(int member, ref LoadAccount message, out long effect, Turn turn)
    {
        effect = 0;
        if (HomeNow(member, (int)message.Account) is not { } home)
        {
            return false;
        }

        message.Value = home.Value;
        return true;
    }

    void IServesAtHome<LoadAccount>.Book(int account, in LoadAccount asked, in LoadAccount answered)
    {
    }

    long IServesAtHome<LoadAccount>.UnderWay(in LoadAccount message, long bytes, bool isAnswered) => 0;

    /// <summary>The one change that is no addition.</summary>
    bool IServesAtHome<StoreAccount>.Serve(int member, ref StoreAccount message, out long effect, Turn turn)
    {
        effect = 0;
        if (HomeNow(member, (int)message.Account) is not { } home)
        {
            return false;
        }

        effect = Change(home, member, message.Amount);
        home.Value = message.Value;
        return true;
    }

    void IServesAtHome<StoreAccount>.Book(int account, in StoreAccount asked, in StoreAccount answered) =>
        _granted[account] += answered.Amount;

    long IServesAtHome<StoreAccount>.UnderWay(in StoreAccount message, long bytes, bool isAnswered) =>
        isAnswered ? message.Amount : 0;

    bool IServesAtHome<ReadAccount>.Serve(int member, ref ReadAccount message, out long effect, Turn turn)
    {
        effect = 0;
        if (HomeNow(member, (int)message.Account) is not { } home)
        {
            return false;
        }

        message.Value = home.Value;
        message.Max = (long)Math.Min(home.Max, long.MaxValue);
        message.Advances = home.Advances;
        return true;
    }

    void IServesAtHome<ReadAccount>.Book(int account, in ReadAccount asked, in ReadAccount answered)
    {
    }

    long IServesAtHome<ReadAccount>.UnderWay(in ReadAccount message, long bytes, bool isAnswered) => 0;

    bool IServesAtHome<WriteAccountMax>.Serve(int member, ref WriteAccountMax message, out long effect, Turn turn)
    {
        effect = 0;
        int account = (int)message.Account;
        if (HomeNow(member, account) is not { } home)
        {
            return false;
        }

        home.Max = message.Max;
        message.Version = ++home.MaxVersion;
        LearnMax(account, message.Max, message.Version);
        return true;
    }

    void IServesAtHome<WriteAccountMax>.Book(int account, in WriteAccountMax asked, in WriteAccountMax answered) =>
        LearnMax(account, answered.Max, answered.Version);

    long IServesAtHome<WriteAccountMax>.UnderWay(in WriteAccountMax message, long bytes, bool isAnswered) => 0;

    bool IServesAtHome<ReportAccount>.Serve(int member, ref ReportAccount message, out long effect, Turn turn)
    {
        effect = 0;
        int account = (int)message.Account;
        Account home = _accounts[account];
        if (!home.IsHome || message.Since != _view.HomeSince(account))
        {
            return false;
        }

        // Its number makes sure that it is served once; a member for which the home does not wait has nothing.
        if (home.IsRebuilding && !home.HasReported[member])
        {
            home.HasReported[member] = true;
            home.Of[member] += message.Amount;
            home.Value += message.Amount;
            if (message.MaxVersion > home.MaxVersion)
            {
                home.Max = message.Max;
                home.MaxVersion = message.MaxVersion;
                LearnMax(account, message.Max, message.MaxVersion);
            }

            EndRebuildIfComplete(account, turn);
        }

        return true;
    }

    void IServesAtHome<ReportAccount>.Book(int account, in ReportAccount asked, in ReportAccount answered) =>
        _reportedSince[account] = (int)answered.Since;

    long IServesAtHome<ReportAccount>.UnderWay(in ReportAccount message, long bytes, bool isAnswered) => 0;

    /// <summary>
    /// A limit that was written in another process. A home that was rebuilt meanwhile, without the writer's report,
    /// learns it here.
    /// </summary>
    void ITakesNews<ShareMax>.Take(in ShareMax news)
    {
        int account = (int)news.Account;
        LearnMax(account, news.Max, news.Version);
        Account home = _accounts[account];
        if (home.IsHome && news.Version > home.MaxVersion)
        {
            home.Max = news.Max;
            home.MaxVersion = news.Version;
        }
    }

    /// <summary>The account that this process serves now; null when it is not its home, or rebuilds it.</summary>
    private Account? HomeNow(int member, int account)
    {
        if ((uint)account >= (uint)_accounts.Length)
        {
            throw new InvariantViolation($"member {member} speaks of account {account} of {_accounts.Length}");
        }

        Account home = _accounts[account];
        return home.IsHome && (!home.IsRebuilding || _port.Defect == ClusterDefect.EarlyHome) ? home : null;
    }

    private bool TryChange(int member, int account, long change, out long effect)
    {
        Account? home = HomeNow(member, account);
        effect = home is null ? 0 : Change(home, member, change);
        return home is not null;
    }

    private static long Change(Account home, int member, long change)
    {
        home.Of[member] += change;
        home.Value += change;
        return change;
    }

    /// <summary>Amount that a charge added at its home, whether it was accepted or not.</summary>
    private long Added(in ChargeAccount charge) =>
        charge.Result == AccountCharge.Fits ? charge.Bytes + charge.ExtraBytes
        : _port.ChargeBatch > 1 ? 0
        : charge.Bytes;

    private static long ExtraAdded(in ChargeAccount charge) =>
        charge.Result == AccountCharge.Fits ? charge.ExtraBytes : 0;
}
