using EpcActors.Engine;
using EpcActors.Kernel;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>
/// Stock that this process takes in advance: pages that are charged and not used yet, as the stock per CPU of the
/// memory controller, and pages that are off the free-page counter and still free, as the batch per CPU of a
/// percpu_counter.
/// </content>
/// <remarks>
/// <para>A process asks for more each time that its stock runs out, twice as much as before up to
/// <see cref="MostGrowth"/> times the batch, so a process that charges a lot asks seldom. The owner gives at most a
/// share of the room that is left, so near a limit every process goes page by page; and a process that gave its stock
/// back begins with one batch again.</para>
/// <para>A limit is never exceeded: stock counts as used at the owner.</para>
/// </remarks>
public sealed partial class Gateway
{
    /// <summary>Largest factor by which a process may raise its requests.</summary>
    private const int MostGrowth = 16;

    /// <summary>By counter: pages to ask for when the stock runs out next.</summary>
    private readonly int[] _advance;

    // The free-page counter: true when the owner gave pages in advance at the last call, so there are more than any
    // watermark; the number that it returned then; the advance up to which this process had all others give back.
    private bool _isAhead;
    private long _counterSeen;
    private long _drainedAdvances;

    public void Handle(ref ChargeLevels message, Turn turn)
    {
        // All levels or none: a level that needs a call is charged in its turn, and the levels before it too.
        for (int level = message.Cgroup; level >= 0; level = _port.CgroupParents[level])
        {
            if (_stock[level] < message.Bytes && !HasRoomHere(level, message.Bytes))
            {
                message.IsCharged = false;
                return;
            }
        }

        for (int level = message.Cgroup; level >= 0; level = _port.CgroupParents[level])
        {
            if (_stock[level] >= message.Bytes)
            {
                _stock[level] -= message.Bytes;
            }
            else
            {
                AddHere(level, message.Bytes);
            }

            _used[level] += message.Bytes;
        }

        message.IsCharged = true;
    }

    public void Handle(ref UnchargeLevels message, Turn turn)
    {
        for (int level = message.Cgroup; level >= 0; level = _port.CgroupParents[level])
        {
            if (!OwnsHere(level) && !KeepsAfter(level, message.Bytes))
            {
                message.IsUncharged = false;
                return;
            }
        }

        for (int level = message.Cgroup; level >= 0; level = _port.CgroupParents[level])
        {
            if (OwnsHere(level))
            {
                AddHere(level, -message.Bytes);
            }
            else
            {
                _stock[level] += message.Bytes;
            }

            _used[level] -= message.Bytes;
        }

        message.IsUncharged = true;
    }

    public void Handle(ref TakeStock message, Turn turn)
    {
        // It counts as used from here on, until it is given back like a refused charge.
        int counter = (int)message.Counter;
        long stock = _stock[counter];
        message.Bytes = Math.Abs(stock);
        _stock[counter] = 0;
        _used[counter] += stock;
        _advance[counter] = BatchOf(counter);
        _isAhead &= counter != _port.FreePageCounter;
    }

    private int BatchOf(int counter) => counter == _port.FreePageCounter ? _port.CounterBatch : _port.ChargeBatch;

    private bool OwnsHere(int counter) => _counters[counter] is { IsOwner: true, IsRebuilding: false };

    private bool HasRoomHere(int counter, long bytes) => OwnsHere(counter) && RoomIn(_counters[counter]) >= bytes;

    /// <summary>Room that the limit and the capacity leave; negative when the limit was lowered.</summary>
    private static long RoomIn(SharedCounter owned) => Math.Min(owned.Max.Bytes, owned.Capacity) - owned.Value;

    /// <summary>A stock that grows beyond twice what was asked for last goes back.</summary>
    private bool KeepsAfter(int counter, long bytes) =>
        _stock[counter] + bytes <= 2L * _advance[counter] * KernelConstants.PageSize;

    /// <summary>Changes a shared counter that has its owner here, for a task of this process.</summary>
    private void AddHere(int counter, long bytes)
    {
        SharedCounter owned = _counters[counter];
        owned.Value += bytes;
        owned.Of[_port.Self] += bytes;
        owned.Peak = Math.Max(owned.Peak, bytes > 0 ? owned.Value : 0);
        _granted[counter] += bytes;
    }

    /// <summary>
    /// Amount to ask for beyond a page: zero for a shared counter with its owner here, which needs no frame.
    /// </summary>
    private int AdvanceOf(int counter) => _view.OwnerOf(counter) == _port.Self ? 0 : _advance[counter];

    /// <summary>
    /// Adapts the next request to what the owner gave in advance: the full amount doubles it, less makes it as small.
    /// </summary>
    private void Grow(int counter, long asked, long given)
    {
        int batch = BatchOf(counter);
        _advance[counter] =
            given < asked
                ? (int)Math.Clamp(given, batch, _advance[counter])
                : Math.Min(2 * _advance[counter], MostGrowth * batch);
    }

    /// <summary>
    /// At the owner: the amount to give of one that is asked for in advance. A share of the room, so that one process
    /// does not take what the others need next.
    /// </summary>
    private long ShareOf(long room, long asked) => Math.Clamp(room / (2 * _view.MemberCount), 0, asked);

    /// <summary>
    /// percpu_counter_add: a page out of what this process has in advance, or back into it. Works only while the
    /// watermarks are far: near them the owner has taken all stock back and gives none, and each page is counted there.
    /// </summary>
    /// <remarks>
    /// The owner's number is never more than the free pages, as the stocks of processes are taken off it. So when there
    /// are fewer than a watermark, the task that took the last page there learns it from the owner and wakes ksgxd: no
    /// wake-up is lost. It has all others give back first (<see cref="ReadCounter.IsLowerBound"/>), so ksgxd does not
    /// wake early either.
    /// </remarks>
    /// <param name="add">Request of the task; then the request to the owner.</param>
    /// <returns>True: counted here.</returns>
    private bool TryCountHere(ref AddToCounter add)
    {
        if (_port.CounterBatch == 1 || add.IsGivenBack)
        {
            return false;
        }

        ref long stock = ref _stock[add.Counter];
        if (add.Amount < 0)
        {
            if (stock <= add.Amount)
            {
                stock -= add.Amount;
                return true;
            }

            add.Advance = AdvanceOf(add.Counter);
            return false;
        }

        if (!_isAhead)
        {
            return false;
        }

        long free = add.Amount - stock;
        int keep = _advance[add.Counter];
        if (free <= 2 * keep)
        {
            stock = -free;
            return true;
        }

        stock = -keep;
        add.Amount = free - keep;
        return false;
    }

    /// <summary>The owner's part of it.</summary>
    private void Advance(SharedCounter owned, ref AddToCounter add)
    {
        long left = owned.Value + add.Amount - ClusterPort.CounterFloor;
        add.Advance = add.Advance > 0 ? ShareOf(left, add.Advance) : 0;
        add.Value = owned.Value + add.Amount - add.Advance;
        owned.Advances += add.Advance > 0 ? 1 : 0;
    }
}
