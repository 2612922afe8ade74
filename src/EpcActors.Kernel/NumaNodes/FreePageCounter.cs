using EpcActors.Engine;
using static EpcActors.Kernel.NumaNodes.FreePageCounterProtocol;

namespace EpcActors.Kernel.NumaNodes;

/// <summary>Requests to the machine's free-page counter: one atomic operation, or half of an unprotected one.</summary>
public static class FreePageCounterProtocol
{
    /// <summary>atomic_long_add.</summary>
    public struct AddPages : IMessage
    {
        public static ushort Code => 0x0201;

        public static MessageKind Kind => MessageKind.Counter;

        public long Pages;
    }

    /// <summary>First half of the unprotected <c>sgx_nr_free_pages--</c> or <c>++</c> (before ac5d272a0ad0).</summary>
    public struct LoadPages : IMessage
    {
        public static ushort Code => 0x0202;

        public static MessageKind Kind => MessageKind.Counter;

        /// <summary>Out.</summary>
        public long Pages;
    }

    /// <summary>Second half: changes by others since the load are lost.</summary>
    public struct StorePages : IMessage
    {
        public static ushort Code => 0x0203;

        public static MessageKind Kind => MessageKind.Counter;

        public long Pages;
    }

    /// <summary>Reads the counter for a watermark. Stale reads are tolerated by design.</summary>
    public struct ReadPages : IMessage
    {
        public static ushort Code => 0x0204;

        public static MessageKind Kind => MessageKind.Counter;

        /// <summary>Out.</summary>
        public long Pages;
    }
}

/// <summary>
/// <c>sgx_nr_free_pages</c> (main.c): one number for the whole machine, changed under any node's lock.
/// </summary>
public sealed class FreePageCounter : Resource,
    IHandle<AddPages>, IHandle<LoadPages>, IHandle<StorePages>, IHandle<ReadPages>
{
    public FreePageCounter(ActorId id, long pages)
        : base(id, "free-page-counter") => Pages = pages;

    public override ActorKind ActorKind => ActorKind.FreePageCounter;

    /// <summary>The value as the kernel sees it, pages.</summary>
    public long Pages { get; private set; }

    public void Handle(ref AddPages message, Turn turn)
    {
        turn.Hold(Activity.Atomic);
        Pages += message.Pages;
    }

    public void Handle(ref LoadPages message, Turn turn)
    {
        turn.Spend(Activity.SharedLine);
        turn.Yield();
        message.Pages = Pages;
    }

    public void Handle(ref StorePages message, Turn turn)
    {
        turn.Spend(Activity.SharedLine);
        Pages = message.Pages;
    }

    public void Handle(ref ReadPages message, Turn turn) => message.Pages = Pages;
}
