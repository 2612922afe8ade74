namespace EpcActors.Mount.Live;

/// <summary>
/// Keeps loads that run at the same time at a distance from one another, in the order in which they began. On CPUs of
/// their own, processes that a shell starts one after the other load side by side, each a little behind the one before.
/// On a busy host the first may be done before the last has begun, or all may come to a limit in the same moment.
/// </summary>
/// <remarks>
/// Only loads of at least half of the EPC count. The distance to the load before is at least 5 % of the EPC, and to
/// the one behind at most 6.5 %: so in a cgroup with room for the VA pages of four loads, four do not meet at the
/// limit, and five meet there long before the first is done. A process counts from the moment at which it opens the
/// device: what it does before its first page takes long on a busy host. One that has not asked for a while holds up
/// no other.
/// </remarks>
/// <param name="capacityPages">EPC of the machine, pages.</param>
/// <param name="clock">Milliseconds of the host.</param>
internal sealed class LoadSteps(int capacityPages, Func<long> clock)
{
    private const long PatienceMs = 20_000;

    private readonly Lock _gate = new();
    private readonly List<Load> _loads = [];
    private readonly int _least = capacityPages / 20;
    private readonly int _most = capacityPages * 13 / 200;

    /// <summary>A process has opened the device: a load may follow.</summary>
    public Load Announce()
    {
        lock (_gate)
        {
            Load load = new() { AskedAt = clock() };
            _loads.Add(load);
            return load;
        }
    }

    /// <summary>The process has a place now.</summary>
    public void Bind(Load load, int place)
    {
        lock (_gate)
        {
            load.Place = place;
        }
    }

    /// <summary>No load follows, or no further one.</summary>
    public void End(Load load)
    {
        lock (_gate)
        {
            _loads.Remove(load);
        }
    }

    /// <summary>True when a load may add its next pages.</summary>
    public bool MayAdd(int place, int pages, int total)
    {
        if (IsSmall(total))
        {
            return true;
        }

        lock (_gate)
        {
            long now = clock();
            int at = _loads.FindIndex(load => load.Place == place);
            if (at < 0)
            {
                at = _loads.Count;
                _loads.Add(new Load { Place = place });
            }

            _loads[at].Pages = pages;
            _loads[at].AskedAt = now;

            bool isBehind = at == 0 || IsStuck(_loads[at - 1], now) || _loads[at - 1].Pages - pages >= _least;
            bool isNear = at == _loads.Count - 1 || IsStuck(_loads[at + 1], now)
                || pages - _loads[at + 1].Pages <= _most;
            return isBehind && isNear;
        }
    }

    /// <summary>The process in a place has added its last page, or gives up.</summary>
    public void End(int place)
    {
        lock (_gate)
        {
            _loads.RemoveAll(load => load.Place == place);
        }
    }

    /// <summary>Pages of an order that is no load of its own: the first pages of an enclave, or a small one.</summary>
    public bool IsSmall(int total) => total < capacityPages / 2;

    private static bool IsStuck(Load load, long now) => now - load.AskedAt > PatienceMs;

    /// <summary>A process on its way through a load.</summary>
    public sealed class Load
    {
        /// <summary>Its place among the processes; -1 before its first command.</summary>
        internal int Place { get; set; } = -1;

        internal int Pages { get; set; }

        internal long AskedAt { get; set; }
    }
}
