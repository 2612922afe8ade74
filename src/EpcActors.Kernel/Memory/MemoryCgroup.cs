using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using static EpcActors.Kernel.Memory.MemoryCgroupProtocol;

namespace EpcActors.Kernel.Memory;

/// <summary>Requests to one level of the memory controller.</summary>
public static class MemoryCgroupProtocol
{
    /// <summary>Charges pages of RAM at this level (page_counter_try_charge, one level of its walk).</summary>
    public struct ChargeMemory : IMessage
    {
        public static ushort Code => 0x0901;

        public static MessageKind Kind => MessageKind.Charge;

        public int Pages;

        /// <summary>Out: above memory.max; nothing was charged here.</summary>
        public YesNo IsOver;
    }

    public struct UnchargeMemory : IMessage
    {
        public static ushort Code => 0x0902;

        public static MessageKind Kind => MessageKind.Uncharge;

        public int Pages;
    }

    /// <summary>The out-of-memory killer acts for this cgroup: counts in memory.events (oom_kill).</summary>
    public struct CountOomKill : IMessage
    {
        public static ushort Code => 0x0903;

        public static MessageKind Kind => MessageKind.Limit;
    }

    /// <summary>Writes memory.max.</summary>
    public struct WriteMemoryMax : IMessage
    {
        public static ushort Code => 0x0904;

        public static MessageKind Kind => MessageKind.Limit;

        public Limit Max;

        /// <summary>Out: charged now, pages.</summary>
        public long UsagePages;
    }

    /// <summary>mem_cgroup_css_alloc: a place whose last charge is gone becomes a new memory cgroup.</summary>
    public struct CreateMemory : IMessage
    {
        public static ushort Code => 0x0905;

        public static MessageKind Kind => MessageKind.Lifetime;
    }
}

/// <summary>
/// One memory cgroup: RAM of the backing store of enclaves, against memory.max. No swap: charged pages stay.
/// </summary>
public sealed class MemoryCgroup : Resource,
    IHandle<ChargeMemory>, IHandle<UnchargeMemory>, IHandle<CountOomKill>, IHandle<WriteMemoryMax>,
    IHandle<CreateMemory>
{
    public MemoryCgroup(ActorId id, int index, string path, Limit max)
        : base(id, $"memcg:{path}")
    {
        Index = index;
        Path = path;
        Max = max;
    }

    public override ActorKind ActorKind => ActorKind.MemoryCgroup;

    public int Index { get; }

    /// <summary>As the cgroup's.</summary>
    [NotState]
    public string Path { get; private set; }

    /// <summary>memory.max. What counts is whole pages.</summary>
    public Limit Max { get; private set; }

    public long UsagePages { get; private set; }

    [NotState]
    public long PeakPages { get; private set; }

    [NotState]
    public long OomKills { get; private set; }

    /// <summary>Charges that memory.max refused: <c>max</c> in memory.events.</summary>
    [NotState]
    public long MaxEvents { get; private set; }

    public void Handle(ref ChargeMemory message, Turn turn)
    {
        if (UsagePages + message.Pages > Max.Pages)
        {
            message.IsOver = true;
            MaxEvents++;
            return;
        }

        UsagePages += message.Pages;
        PeakPages = Math.Max(PeakPages, UsagePages);
    }

    public void Handle(ref UnchargeMemory message, Turn turn)
    {
        UsagePages -= message.Pages;
        Invariant.That(UsagePages >= 0, $"{Name}: usage below zero");
    }

    public void Handle(ref CreateMemory message, Turn turn)
    {
        Invariant.That(UsagePages == 0, $"{Name} is made anew while pages are charged to it");
        Max = Limit.Max;
        PeakPages = 0;
        OomKills = 0;
        MaxEvents = 0;
    }

    /// <summary>Gives a free place the path of the cgroup that it is about to become.</summary>
    public void Rename(string path)
    {
        Path = path;
        Name = $"memcg:{path}";
    }

    public void Handle(ref CountOomKill message, Turn turn) => OomKills++;

    public void Handle(ref WriteMemoryMax message, Turn turn)
    {
        Max = message.Max;
        message.UsagePages = UsagePages;
    }
}
