namespace EpcActors.Engine.Live;

/// <summary>
/// Computes how much of a span of real time a process really ran. The wall clock goes on for a process that was stopped
/// (SIGSTOP, a debugger, a machine that slept) or got no processor; a timeout must not expire by that alone.
/// </summary>
/// <remarks>
/// A watchdog calls <see cref="Tick"/> at fixed distances. Time between two ticks counts as two distances at most, so a
/// stop of 30 s with ticks of 100 ms counts as 0.2 s. The rest is kept as a lost span and taken off every window that
/// it lies in. A window that ends behind the last tick is treated alike, so a thread that wakes up before the watchdog
/// does sees the stop as well.
/// </remarks>
public sealed class RunClock
{
    private readonly long _everyNs;
    private readonly Lock _gate = new();
    private readonly List<Span> _lost = [];
    private long _tickedNs;

    /// <param name="everyNs">Distance between two ticks, nanoseconds. The clock begins at 0, with the run.</param>
    public RunClock(long everyNs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(everyNs, 1);
        _everyNs = everyNs;
    }

    /// <summary>Distance between two ticks, nanoseconds.</summary>
    public long EveryNs => _everyNs;

    /// <summary>The watchdog looks.</summary>
    /// <param name="nowNs">Time of the run; never less than at the tick before.</param>
    /// <param name="counts">False when nothing could move since the last tick: the whole span is lost.</param>
    /// <param name="mostNs">
    /// Most time that the process can have worked since the last tick, nanoseconds: the rest is lost. A loaded machine
    /// gives a busy process only a small part of the time.
    /// </param>
    public void Tick(long nowNs, bool counts, long mostNs = long.MaxValue)
    {
        lock (_gate)
        {
            long spanNs = nowNs - _tickedNs;
            long lostNs = counts ? Math.Max(LostIn(nowNs), spanNs - Math.Min(spanNs, mostNs)) : spanNs;
            if (lostNs > 0)
            {
                // One span for a loss that goes on, so that a long one costs no memory.
                if (!counts && _lost.Count > 0 && _lost[^1] is { IsWhole: true } last && last.ToNs == _tickedNs)
                {
                    _lost[^1] = last with { ToNs = nowNs, LostNs = last.LostNs + lostNs };
                }
                else
                {
                    _lost.Add(new Span(_tickedNs, nowNs, lostNs));
                }
            }

            _tickedNs = nowNs;
        }
    }

    /// <summary>Time that counts between two moments of the run, nanoseconds. Any thread may ask.</summary>
    public long Between(long fromNs, long toNs)
    {
        lock (_gate)
        {
            long ranNs = toNs - fromNs;
            if (toNs > _tickedNs)
            {
                ranNs -= Math.Min(LostIn(toNs), toNs - Math.Max(fromNs, _tickedNs));
            }

            for (int i = _lost.Count - 1; i >= 0 && _lost[i].ToNs > fromNs; i--)
            {
                // It is not known where in the span the process stood still: assume the part that the window shares
                // with it, as far as it fits.
                long sharedNs = Math.Min(toNs, _lost[i].ToNs) - Math.Max(fromNs, _lost[i].FromNs);
                ranNs -= Math.Clamp(sharedNs, 0, _lost[i].LostNs);
            }

            return Math.Max(ranNs, 0);
        }
    }

    private long LostIn(long toNs) => Math.Max(toNs - _tickedNs - (2 * _everyNs), 0);

    private readonly record struct Span(long FromNs, long ToNs, long LostNs)
    {
        public bool IsWhole => LostNs == ToNs - FromNs;
    }
}
