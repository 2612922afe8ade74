using EpcActors.Engine;
using EpcActors.Kernel;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Requests to owners, message by message: at the owner, and what their answers change here.</content>
public sealed partial class Gateway
{
    bool IServesAsOwner<ChargeCounter>.Serve(int member, ref ChargeCounter message, out long effect, Turn turn)
    {
        effect = 0;
        if (OwnedNow(member, message.Counter) is not { } owned)
        {
            return false;
        }

        long room = RoomIn(owned);
        bool fits = room >= message.Bytes;
        message.Result = fits ? CounterCharge.Fits : CounterCharge.Over;

        // In whole pages: a stock of half a page has no use.
        message.ExtraBytes = fits
            ? ShareOf(room - message.Bytes, message.ExtraBytes) / message.Bytes * message.Bytes
            : 0;
        effect = Change(owned, member, Added(message));
        owned.Peak = fits ? Math.Max(owned.Peak, owned.Value) : owned.Peak;
        return true;
    }

    void IServesAsOwner<ChargeCounter>.Book(int counter, in ChargeCounter asked, in ChargeCounter answered)
    {
        _granted[counter] += Added(answered);
        _stock[counter] += ExtraAdded(answered);
        if (asked.ExtraBytes > 0)
        {
            Grow(
                counter,
                asked.ExtraBytes / KernelConstants.PageSize,
                answered.ExtraBytes / KernelConstants.PageSize);
        }
    }

    long IServesAsOwner<ChargeCounter>.UnderWay(in ChargeCounter message, long bytes, bool isAnswered) =>
        isAnswered ? Added(message) - ExtraAdded(message) : 0;

    bool IServesAsOwner<UnchargeCounter>.Serve(int member, ref UnchargeCounter message, out long effect, Turn turn) =>
        TryChange(member, message.Counter, -message.Bytes, out effect);

    void IServesAsOwner<UnchargeCounter>.Book(int counter, in UnchargeCounter asked, in UnchargeCounter answered) =>
        _granted[counter] -= answered.Bytes;

    long IServesAsOwner<UnchargeCounter>.UnderWay(in UnchargeCounter message, long bytes, bool isAnswered) =>
        isAnswered ? -bytes : message.Bytes - bytes;

    bool IServesAsOwner<AddToCounter>.Serve(int member, ref AddToCounter message, out long effect, Turn turn)
    {
        effect = 0;
        if (OwnedNow(member, message.Counter) is not { } owned)
        {
            return false;
        }

        Advance(owned, ref message);
        effect = Change(owned, member, message.Amount - message.Advance);
        return true;
    }

    void IServesAsOwner<AddToCounter>.Book(int counter, in AddToCounter asked, in AddToCounter answered)
    {
        _granted[counter] += answered.Amount - answered.Advance;
        _stock[counter] -= answered.Advance;
        _counterSeen = answered.Value;

        // The owner has none to give, so the watermarks are near.
        if (asked.Advance > 0)
        {
            _isAhead = answered.Advance > 0;
            Grow(counter, asked.Advance, answered.Advance);
        }
    }

    /// <summary>The amount that goes to the owner beyond the task's own pages has left the stock already.</summary>
    long IServesAsOwner<AddToCounter>.UnderWay(in AddToCounter message, long bytes, bool isAnswered) =>
        isAnswered ? bytes : bytes - message.Amount;

    bool IServesAsOwner<LoadCounter>.Serve(int member, ref LoadCounter message, out long effect, Turn turn)
    {
        effect = 0;
        if (OwnedNow(member, (int)message.Counter) is not { } owned)
        {
            return false;
        }

        message.Value = owned.Value;
        return true;
    }

    void IServesAsOwner<LoadCounter>.Book(int counter, in LoadCounter asked, in LoadCounter answered)
    {
    }

    long IServesAsOwner<LoadCounter>.UnderWay(in LoadCounter message, long bytes, bool isAnswered) => 0;

    /// <summary>The one change that is not an addition.</summary>
    bool IServesAsOwner<StoreCounter>.Serve(int member, ref StoreCounter message, out long effect, Turn turn)
    {
        effect = 0;
        if (OwnedNow(member, (int)message.Counter) is not { } owned)
        {
            return false;
        }

        effect = Change(owned, member, message.Amount);
        owned.Value = message.Value;
        return true;
    }

    void IServesAsOwner<StoreCounter>.Book(int counter, in StoreCounter asked, in StoreCounter answered) =>
        _granted[counter] += answered.Amount;

    long IServesAsOwner<StoreCounter>.UnderWay(in StoreCounter message, long bytes, bool isAnswered) =>
        isAnswered ? message.Amount : 0;

    bool IServesAsOwner<ReadCounter>.Serve(int member, ref ReadCounter message, out long effect, Turn turn)
    {
        effect = 0;
        if (OwnedNow(member, (int)message.Counter) is not { } owned)
        {
            return false;
        }

        message.Value = owned.Value;
        message.MaxBytes = owned.Max.Bytes;
        message.Advances = owned.Advances;
        return true;
    }

    void IServesAsOwner<ReadCounter>.Book(int counter, in ReadCounter asked, in ReadCounter answered)
    {
    }

    long IServesAsOwner<ReadCounter>.UnderWay(in ReadCounter message, long bytes, bool isAnswered) => 0;

    bool IServesAsOwner<WriteCounterMax>.Serve(int member, ref WriteCounterMax message, out long effect, Turn turn)
    {
        effect = 0;
        int counter = (int)message.Counter;
        if (OwnedNow(member, counter) is not { } owned)
        {
            return false;
        }

        owned.Max = message.Max;
        message.Version = ++owned.MaxVersion;
        LearnMax(counter, message.Max, message.Version);
        return true;
    }

    void IServesAsOwner<WriteCounterMax>.Book(int counter, in WriteCounterMax asked, in WriteCounterMax answered) =>
        LearnMax(counter, answered.Max, answered.Version);

    long IServesAsOwner<WriteCounterMax>.UnderWay(in WriteCounterMax message, long bytes, bool isAnswered) => 0;

    bool IServesAsOwner<ReportCounter>.Serve(int member, ref ReportCounter message, out long effect, Turn turn)
    {
        effect = 0;
        int counter = (int)message.Counter;
        SharedCounter owned = _counters[counter];
        if (!owned.IsOwner || message.Since != _view.OwnerSince(counter))
        {
            return false;
        }

        // Its number makes sure that it is served once; a member for which the owner does not wait has nothing.
        if (owned.IsRebuilding && !owned.HasReported[member])
        {
            owned.HasReported[member] = true;
            owned.Of[member] += message.Amount;
            owned.Value += message.Amount;
            if (message.MaxVersion > owned.MaxVersion)
            {
                owned.Max = message.Max;
                owned.MaxVersion = message.MaxVersion;
                LearnMax(counter, message.Max, message.MaxVersion);
            }

            EndRebuildIfComplete(counter, turn);
        }

        return true;
    }

    void IServesAsOwner<ReportCounter>.Book(int counter, in ReportCounter asked, in ReportCounter answered) =>
        _reportedSince[counter] = (int)answered.Since;

    long IServesAsOwner<ReportCounter>.UnderWay(in ReportCounter message, long bytes, bool isAnswered) => 0;

    /// <summary>
    /// A limit that was written in another process. An owner that was rebuilt meanwhile, without the writer's report,
    /// learns it here.
    /// </summary>
    void ITakesNews<ShareMax>.Take(in ShareMax news)
    {
        int counter = (int)news.Counter;
        LearnMax(counter, news.Max, news.Version);
        SharedCounter owned = _counters[counter];
        if (owned.IsOwner && news.Version > owned.MaxVersion)
        {
            owned.Max = news.Max;
            owned.MaxVersion = news.Version;
        }
    }

    /// <summary>The counter that this process serves now; null when it is not its owner, or rebuilds it.</summary>
    private SharedCounter? OwnedNow(int member, int counter)
    {
        if ((uint)counter >= (uint)_counters.Length)
        {
            throw new InvariantViolation($"member {member} speaks of counter {counter} of {_counters.Length}");
        }

        SharedCounter owned = _counters[counter];
        return owned.IsOwner && (!owned.IsRebuilding || _port.Defect == ClusterDefect.EarlyOwner) ? owned : null;
    }

    private bool TryChange(int member, int counter, long change, out long effect)
    {
        SharedCounter? owned = OwnedNow(member, counter);
        effect = owned is null ? 0 : Change(owned, member, change);
        return owned is not null;
    }

    private static long Change(SharedCounter owned, int member, long change)
    {
        owned.Of[member] += change;
        owned.Value += change;
        return change;
    }

    /// <summary>Amount that a charge added at its owner, whether it was accepted or not.</summary>
    private long Added(in ChargeCounter charge) =>
        charge.Result == CounterCharge.Fits ? charge.Bytes + charge.ExtraBytes
        : _port.ChargeBatch > 1 ? 0
        : charge.Bytes;

    private static long ExtraAdded(in ChargeCounter charge) =>
        charge.Result == CounterCharge.Fits ? charge.ExtraBytes : 0;
}
