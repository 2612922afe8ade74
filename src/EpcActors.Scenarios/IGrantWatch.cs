using EpcActors.Engine;

namespace EpcActors.Scenarios;

/// <summary>Effect of a message of a machine's part on what this process may charge.</summary>
/// <param name="Cgroup">The cgroup; -1 for none.</param>
/// <param name="Bytes">Bytes that it may charge more; below zero: fewer.</param>
/// <param name="WithAncestors">The same at every level up to the root.</param>
/// <param name="IsGranted">True: the next charge is granted; false: one is refused; null: neither.</param>
public readonly record struct GrantStep(int Cgroup, long Bytes, bool WithAncestors = false, bool? IsGranted = null);

/// <summary>Reads an answered message. May be called on any thread.</summary>
public delegate GrantStep GrantReader<TMessage>(in TMessage message)
    where TMessage : unmanaged, IMessage;

/// <summary>An oracle that has to know which messages of a machine's part grant charges.</summary>
public interface IGrantWatch
{
    /// <summary>Watches a message of a machine's part that grants charges or takes grants back.</summary>
    void WatchGrants<TMessage>(GrantReader<TMessage> read)
        where TMessage : unmanaged, IMessage;
}
