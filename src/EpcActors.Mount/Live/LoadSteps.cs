namespace EpcActors.Mount.Live;

/// <summary>
/// Keeps loads that run at the same time at a distance from one another, in the order in which they began. On CPUs of
/// their own, processes that a shell starts one after the other load side by side, each a little behind the one before.
/// On a busy host the first may be done before the last has begun, or all may come to a limit in the same moment.
/// </summary>
/// <remarks>
/// Only loads of at least half of the EPC count. The distance to the load before is at least 5 % of the EPC, and to
/// the one behind at most 6.5 %: so in a cgroup with room for the VA pages of four loads, four do not meet at the
/// limit, and five meet there long before the first is done. A load that has not asked for a while holds up no other.
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

    /// <summary>True when a load may add its next pages.</summary>
    public bool MayAdd(int place, int pages, int total)
    {
        if (total < capacityPages / 2)
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
                _loads.Add(new Load(place) { AskedAt = now });
            }

            _loads[at].Pages = pages;
            _loads[at].AskedAt = now;

            bool isBehind = at == 0 || IsStuck(_loads[at - 1], now) || _loads[at - 1].Pages - pages >= _least;
            bool isNear = at == _loads.Count - 1 || IsStuck(_loads[at + 1], now)
                || pages - _loads[at + 1].Pages <= _most;
            return isBehind && isNear;
        }
    }

    /// <summary>A load has ended, one way or another.</summary>
    public void End(int place)
    {
        lock (_gate)
        {
            _loads.RemoveAll(load => load.Place == place);
        }
    }

    private static bool IsStuck(Load load, long now) => now - load.AskedAt > PatienceMs;

    private sealed class Load(int place)
    {
        public int Place { get; } = place;

        public int Pages { get; set; }

        public long AskedAt { get; set; }
    }
}
