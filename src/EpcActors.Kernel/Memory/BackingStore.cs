using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using static EpcActors.Kernel.Memory.BackingStoreProtocol;

namespace EpcActors.Kernel.Memory;

/// <summary>Requests to an enclave's shmem file.</summary>
public static class BackingStoreProtocol
{
    /// <summary>
    /// Pins contents and PCMD page, making those that are missing; the caller has charged them (sgx_encl_get_backing).
    /// </summary>
    public struct PinBacking : IMessage
    {
        public static ushort Code => 0x0802;

        public static MessageKind Kind => MessageKind.Backing;

        public int Index;

        /// <summary>Memory cgroup that pays for new pages.</summary>
        public int Payer;

        /// <summary>Pages that the caller has charged.</summary>
        public int ChargedPages;

        /// <summary>Out: pages to allocate and charge first; nothing was pinned.</summary>
        public int MissingPages;

        /// <summary>
        /// Out: charged pages that another task has made meanwhile; the caller gives the charge back.
        /// </summary>
        public int SurplusPages;

        /// <summary>Out: generation, which differs for a later contents page at the same place.</summary>
        public int ContentsGeneration;

        /// <summary>Out: the same for the PCMD page.</summary>
        public int PcmdGeneration;

        /// <summary>Out: version in the contents page.</summary>
        public uint ContentsVersion;

        /// <summary>Out: version in the PCMD record; 0 when it is empty.</summary>
        public uint PcmdVersion;
    }

    /// <summary>
    /// Writes EWB's output to the pinned pages, marks them dirty and unpins them (sgx_encl_put_backing).
    /// </summary>
    /// <remarks>
    /// EWB itself is the enclave's message before; the enclave's mutex is held over both, and memory pressure leaves
    /// pinned pages alone.
    /// </remarks>
    public struct WriteBacking : IMessage
    {
        public static ushort Code => 0x0803;

        public static MessageKind Kind => MessageKind.Backing;

        public int Index;

        public uint Version;

        public int ContentsGeneration;

        public int PcmdGeneration;

        /// <summary>
        /// In: only written, as before 6bd429643cc2: <see cref="PutBacking"/> dirties and unpins later (R5).
        /// </summary>
        public YesNo IsWriteOnly;

        /// <summary>
        /// Out: a page was truncated since it was pinned: the data written to it are lost (R2, R3; the tripwire of R6).
        /// </summary>
        public YesNo IsLost;
    }

    /// <summary>sgx_encl_put_backing() alone: unpins, and before 6bd429643cc2 dirtied (R5).</summary>
    public struct PutBacking : IMessage
    {
        public static ushort Code => 0x0806;

        public static MessageKind Kind => MessageKind.Backing;

        public int Index;

        public int ContentsGeneration;

        public int PcmdGeneration;

        /// <summary>set_page_dirty() first.</summary>
        public YesNo IsDirtied;
    }

    /// <summary>
    /// Memory pressure takes a page of the file (shrink_folio_list, shmem_writepage), under the page's own lock and
    /// without the enclave's mutex.
    /// </summary>
    public struct SwapOutBacking : IMessage
    {
        public static ushort Code => 0x0807;

        public static MessageKind Kind => MessageKind.Backing;

        public int Index;

        /// <summary>The PCMD page that has the index's record, else its contents page.</summary>
        public YesNo IsPcmd;

        /// <summary>In: takes a pinned page too, which no kernel does (R5).</summary>
        public YesNo EvenPinned;

        /// <summary>Out: the page was there, and was not pinned or <see cref="EvenPinned"/> was set.</summary>
        public YesNo WasTaken;

        /// <summary>Out: memory cgroup that paid for the page that left RAM, -1 for none.</summary>
        public int Payer;
    }

    /// <summary>After ELDU: zero the PCMD record, truncate the contents page and, when it is empty and the reclaimer is
    /// not about to write to it, the PCMD page (__sgx_encl_eldu).</summary>
    public struct FinishLoad : IMessage
    {
        public static ushort Code => 0x0804;

        public static MessageKind Kind => MessageKind.Backing;

        public int Index;

        /// <summary>A page of the same PCMD page is BEING_RECLAIMED (reclaimer_writing_to_pcmd).</summary>
        public YesNo KeepPcmdPage;

        /// <summary>R24: before 08999b2489b4 nothing was truncated.</summary>
        public YesNo KeepAll;

        /// <summary>R4: before 2154e1c11b70 the page with the zeroed record was not marked dirty.</summary>
        public YesNo LeavesPcmdClean;

        /// <summary>Generation of the contents page, from the pin.</summary>
        public int ContentsGeneration;

        public int PcmdGeneration;

        /// <summary>Out: memory cgroup that paid for the truncated contents page, -1 for none.</summary>
        public int ContentsPayer;

        /// <summary>Out: memory cgroup that paid for the truncated PCMD page, -1 for none.</summary>
        public int PcmdPayer;
    }

    /// <summary>The file goes away: pages of one payer at a time.</summary>
    public struct TruncateBacking : IMessage
    {
        public static ushort Code => 0x0805;

        public static MessageKind Kind => MessageKind.Backing;

        /// <summary>In and out: position to go on from; -1 when nothing is left.</summary>
        public int From;

        /// <summary>Out.</summary>
        public int Payer;

        /// <summary>Out.</summary>
        public int Pages;
    }
}

/// <summary>The shmem file behind one enclave (<c>encl->backing</c>), behind its page-cache lock.</summary>
public sealed class BackingStore
    : Resource,
        IHandle<PinBacking>,
        IHandle<WriteBacking>,
        IHandle<FinishLoad>,
        IHandle<TruncateBacking>,
        IHandle<PutBacking>,
        IHandle<SwapOutBacking>
{
    public BackingStore(ActorId id, string enclave, int indexCount, bool generationsComeRound = false)
        : base(id, $"backing:{enclave}") => File = new BackingFile(indexCount, generationsComeRound);

    public override ActorKind ActorKind => ActorKind.BackingStore;

    /// <summary>For audits.</summary>
    public BackingFile File { get; }

    public void Handle(ref PinBacking message, Turn turn)
    {
        int missing = (File.HasContents(message.Index) ? 0 : 1) + (File.HasPcmdPage(message.Index) ? 0 : 1);
        if (missing > message.ChargedPages)
        {
            message.MissingPages = missing;
            return;
        }

        turn.Spend(Activity.Backing);
        message.SurplusPages = message.ChargedPages - missing;
        message.ContentsGeneration = File.AddContents(message.Index, message.Payer);
        message.PcmdGeneration = File.AddPcmdPage(message.Index, message.Payer);
        File.Pin(message.Index);
        message.ContentsVersion = File.ContentsVersion(message.Index);
        message.PcmdVersion = File.PcmdVersion(message.Index);
    }

    public void Handle(ref WriteBacking message, Turn turn)
    {
        message.IsLost = !File.Write(
            message.Index,
            message.Version,
            message.ContentsGeneration,
            message.PcmdGeneration);
        if (!message.IsWriteOnly)
        {
            File.MarkDirty(message.Index, message.ContentsGeneration, message.PcmdGeneration);
            File.Unpin(message.Index, message.ContentsGeneration, message.PcmdGeneration);
        }
    }

    public void Handle(ref PutBacking message, Turn turn)
    {
        if (message.IsDirtied)
        {
            File.MarkDirty(message.Index, message.ContentsGeneration, message.PcmdGeneration);
        }

        File.Unpin(message.Index, message.ContentsGeneration, message.PcmdGeneration);
    }

    public void Handle(ref SwapOutBacking message, Turn turn)
    {
        message.WasTaken = File.SwapOut(message.Index, message.IsPcmd, message.EvenPinned, out int payer);
        message.Payer = payer;
    }

    public void Handle(ref FinishLoad message, Turn turn)
    {
        message.ContentsPayer = -1;
        message.PcmdPayer = -1;
        File.Unpin(message.Index, message.ContentsGeneration, message.PcmdGeneration);
        File.ClearPcmd(message.Index);
        if (!message.LeavesPcmdClean)
        {
            File.MarkPcmdDirty(message.Index);
        }

        if (message.KeepAll)
        {
            return;
        }

        bool isEmpty = File.IsPcmdPageEmpty(message.Index);
        message.ContentsPayer = File.TruncateContents(message.Index);
        if (isEmpty && !message.KeepPcmdPage)
        {
            message.PcmdPayer = File.TruncatePcmdPage(message.Index);
        }
    }

    public void Handle(ref TruncateBacking message, Turn turn) =>
        message.Pages = File.TruncateNext(ref message.From, out message.Payer);
}
