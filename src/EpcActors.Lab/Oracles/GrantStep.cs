using EpcActors.Engine;

namespace EpcActors.Lab.Oracles;

/// <summary>What a message of a machine's part does to what this process may charge.</summary>
/// <param name="Cgroup">The cgroup; -1 for none.</param>
/// <param name="Bytes">Bytes that it may charge more; below zero: fewer.</param>
/// <param name="WithAncestors">The same at every level up to the root.</param>
/// <param name="IsGranted">True: the next charge is granted; false: one is refused; null: neither.</param>
public readonly record struct GrantStep(int Cgroup, long Bytes, bool WithAncestors = false, bool? IsGranted = null);

/// <summary>Reads an answered message. May be called on any thread.</summary>
public delegate GrantStep GrantReader<TMessage>(in TMessage message)
    where TMessage : unmanaged, IMessage;

/// <content>
/// Charges of a process that has a part of the machine: the limit is decided elsewhere, and a grant comes before the
/// charge here.
/// </content>
public sealed partial class Oracle
{
    /// <summary>Watches a message of a machine's part that grants charges or takes grants back.</summary>
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
