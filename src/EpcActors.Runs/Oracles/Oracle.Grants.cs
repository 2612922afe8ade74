using EpcActors.Engine;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Oracles;

/// <content>
/// Charges of a process that has a part of the machine: the limit is decided elsewhere, and a grant comes before the
/// charge here.
/// </content>
public sealed partial class Oracle : IGrantWatch
{
    /// <inheritdoc/>
    public void WatchGrants<TMessage>(GrantReader<TMessage> read)
        where TMessage : unmanaged, IMessage =>
        Watch<TMessage>((envelope, resource, nowNs) =>
            OnGrant(read(in Of<TMessage>(envelope)), CarriedBy(envelope, resource), nowNs));

    private void OnGrant(GrantStep step, Carried carried, long nowNs)
    {
        for (int level = step.Cgroup; level >= 0 && step.Bytes != 0; level = _parents[level])
        {
            carried.Books.GrantBytes(level) += step.Bytes;
            if (!step.WithAncestors)
            {
                break;
            }
        }

        if (step.IsGranted is { } isGranted)
        {
            carried.IsGranted = isGranted;
            if (!isGranted)
            {
                Refused(carried, nowNs, "is refused a charge");
            }
        }
    }

    /// <summary>A charge here uses a grant up, an uncharge gives one back.</summary>
    private void Grant(Carried carried, int cgroup, long bytes)
    {
        if (!_isWholeMachine)
        {
            carried.Books.GrantBytes(cgroup) += bytes;
        }
    }
}
