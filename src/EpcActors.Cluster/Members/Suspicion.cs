using EpcActors.Cluster.Sharing;

namespace EpcActors.Cluster.Members;

/// <summary>
/// Decides which members this process does not reach: those that have owed it an answer for the failure timeout and
/// gave no sign all the while (<see cref="Gateway.SilentTicks"/>).
/// </summary>
/// <remarks>
/// A member that owes nothing is never suspected, however long it has said nothing. One that waits for a shared counter
/// which is being rebuilt, or for a long round of reclaim, says so whenever a request comes again, and is not suspected
/// either. A new life of a member begins without suspicion. Time is counted in ticks of this process, so one that was
/// stopped, or got no processor, does not wake up and suspect all others.
/// </remarks>
public sealed class Suspicion
{
    private readonly int _self;
    private readonly long _limitTicks;

    /// <param name="self">This member.</param>
    /// <param name="timeoutNs">Silence after which a member counts as unreachable, nanoseconds.</param>
    /// <param name="tickNs">Time between two ticks of the gateway, nanoseconds.</param>
    public Suspicion(int self, long timeoutNs, long tickNs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeoutNs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(tickNs, 1);
        _self = self;
        _limitTicks = (timeoutNs + tickNs - 1) / tickNs;
    }

    /// <summary>
    /// Members that are not reached, ascending. Any thread may ask: the answer was right a moment ago.
    /// </summary>
    public IReadOnlyList<int> Unreachable(Gateway gateway)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        List<int> silent = [];
        foreach (int member in gateway.View.Alive())
        {
            // The first tick may come right behind the call, so a limit of N ticks is over with the one after.
            if (member != _self && gateway.SilentTicks(member) > _limitTicks)
            {
                silent.Add(member);
            }
        }

        return silent;
    }
}
