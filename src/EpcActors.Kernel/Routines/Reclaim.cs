using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;

namespace EpcActors.Kernel.Routines;

/// <summary>
/// arch/x86/kernel/cpu/sgx/main.c: the reclaimer. Any number of tasks may be in here at once, each with a batch of its
/// own.
/// </summary>
internal static partial class Reclaim
{
    /// <summary>Instead of an LRU: the pages are in the batch already.</summary>
    public const int IsIsolated = -1;

    /// <summary>One round over the whole machine, for ksgxd and for an allocator without a free page.</summary>
    [Linux("main.c", "sgx_reclaim_pages_global", IsPart = true)]
    public static Routine<(int Scanned, int Resume)> ReclaimGlobal(KernelTask current, bool ignoreAge = false) =>
        current.Machine.Shared.ReclaimBelow(current, 0, KernelConstants.NrToScan, ignoreAge, resume: -1);

    /// <summary>
    /// sgx_reclaim_pages_global: the one LRU without an EPC cgroup, else those of the cgroups below a root.
    /// </summary>
    [Linux("main.c", "sgx_reclaim_pages_global", IsPart = true)]
    public static async Routine<(int Scanned, int Resume)> ReclaimBelow(
        KernelTask current,
        int root,
        int wanted,
        bool ignoreAge,
        int resume)
    {
        current.Batch.Freed = 0;
        return current.Switches.EpcCgroup == EpcCgroupMode.Off
            ? (await ReclaimPages(current, 0, KernelConstants.NrToScan, ignoreAge), -1)
            : await EpcCgroup.ReclaimSubtree(current, root, wanted, ignoreAge, resume);
    }

    /// <summary>sgx_can_reclaim without an EPC cgroup: the one list, without its lock (D5).</summary>
    [Linux("main.c", "sgx_should_reclaim", IsPart = true)]
    public static async Routine<bool> CanReclaim(KernelTask current, bool countsIsolated = false)
    {
        CgroupProtocol.ReadLru global = await current.Ask(
            current.Machine.Cgroups[0],
            new CgroupProtocol.ReadLru { TakeLock = countsIsolated, CountIsolated = countsIsolated });
        return !global.IsEmpty;
    }

    /// <summary>
    /// sgx_reclaim_pages: isolates pages of one LRU, ages and pins each of them, then blocks the survivors, then writes
    /// and frees them. No lock is held between the phases; that is where faults meet pages that are BEING_RECLAIMED.
    /// </summary>
    /// <param name="current">Task that reclaims.</param>
    /// <param name="lru">Cgroup whose LRU it is, 0 without an EPC cgroup; <see cref="IsIsolated"/> when the pages were
    /// isolated before, from several lists (v2 to v6).</param>
    /// <param name="nrToScan">Most pages to take off the LRU.</param>
    /// <param name="ignoreAge">Young pages are not spared.</param>
    /// <returns>Pages isolated, freed or not; of a batch that was isolated before, pages freed.</returns>
    [Linux("main.c", "sgx_reclaim_pages")]
    public static async Routine<int> ReclaimPages(KernelTask current, int lru, int nrToScan, bool ignoreAge = false)
    {
        Machine machine = current.Machine;
        ReclaimBatch batch = current.Batch;
        int count = lru == IsIsolated ? batch.Count : await Isolate(current, lru, nrToScan);
        if (count == 0)
        {
            return 0;
        }

        ForReport<long> startNs = current.NowNs;
        await AgeAndPin(current, count, ignoreAge);
        for (int i = 0; i < count; i++)
        {
            int owner = batch.Owner[i];
            if (!batch.Page[i].IsNone
                && machine.Space.PageOf(owner) != machine.Enclaves[machine.Space.EnclaveOf(owner)].PageCount)
            {
                await Block(current, batch.Page[i], machine.Space.EnclaveOf(owner), machine.Space.PageOf(owner));
            }
        }

        int freed = await WriteAndFree(current, count);
        batch.Clear();
        batch.Freed += current.Switches.AgeEscalation == AgeEscalation.AfterFiveEmptyBatches ? freed : 0;
        current.Report(RunEvent.ReclaimBatch, startNs, freed);
        return lru == IsIsolated ? freed : count;
    }

    /// <summary>The first phase: young pages go back to their list, and so do those without a backing page.</summary>
    [Linux("main.c", "sgx_reclaim_pages", IsPart = true)]
    private static async Routine AgeAndPin(KernelTask current, int count, bool ignoreAge)
    {
        Machine machine = current.Machine;
        ReclaimBatch batch = current.Batch;
        for (int i = 0; i < count; i++)
        {
            int enclave = machine.Space.EnclaveOf(batch.Owner[i]);
            int page = machine.Space.PageOf(batch.Owner[i]);
            if (page == machine.Enclaves[enclave].PageCount)
            {
                // A SECS (secs-reclaim = on-lru): no translation leads to it, and the mutex decides about it below.
                continue;
            }

            if (!ignoreAge && await IsYoung(current, enclave, page))
            {
                current.Report(RunEvent.Young, current.NowNs);
                await Skip(current, i, enclave);
            }
            else if (!await PinAndMark(current, i, enclave, page))
            {
                current.Report(RunEvent.BackingFailed, current.NowNs);
                await Skip(current, i, enclave);
            }
        }
    }

    /// <summary>The last phase, page by page.</summary>
    /// <returns>Pages freed.</returns>
    [Linux("main.c", "sgx_reclaim_pages", IsPart = true)]
    private static async Routine<int> WriteAndFree(KernelTask current, int count)
    {
        Machine machine = current.Machine;
        ReclaimBatch batch = current.Batch;
        int freed = 0;
        bool countsIsolated = current.Switches.IsolatedReclaimable == Fix.Present;
        for (int i = 0; i < count; i++)
        {
            EpcPageIndex page = batch.Page[i];
            if (page.IsNone)
            {
                continue;
            }

            int enclave = machine.Space.EnclaveOf(batch.Owner[i]);
            int pageOfEnclave = machine.Space.PageOf(batch.Owner[i]);
            WriteResult written = pageOfEnclave == machine.Enclaves[enclave].PageCount
                ? await WriteListedSecs(current, page, enclave)
                : await WriteOne(current, page, enclave, pageOfEnclave, batch.Pin[i]);
            if (written == WriteResult.Kept)
            {
                await Skip(current, i, enclave);
                continue;
            }

            if (written == WriteResult.Dropped)
            {
                batch.Page[i] = EpcPageIndex.None;
                batch.Owner[i] = 0;
                await Encl.PutRef(current, enclave);
                continue;
            }

            await Encl.PutRef(current, enclave);
            int cgroup = machine.LruOf(page);
            machine.Pages[page].Flags &= ~EpcPageFlags.ReclaimerTracked;
            if (written == WriteResult.MustRemove)
            {
                await Main.EnclFreeEpcPage(current, page);
            }
            else
            {
                await Main.FreeEpcPage(current, page, byReclaimer: true);
            }

            if (pageOfEnclave != machine.Enclaves[enclave].PageCount)
            {
                current.Report(RunEvent.Evicted, current.NowNs, ((long)enclave << 20) | (uint)cgroup);
            }

            freed++;
            if (countsIsolated)
            {
                // Behind the free: a task that finds no free page and then none isolated would be told ENOMEM.
                await current.Ask(machine.Cgroups[cgroup], new CgroupProtocol.PutIsolated { Pages = 1 });
            }
        }

        return freed;
    }

    /// <summary>
    /// sgx_isolate_epc_pages: takes up to <paramref name="limit"/> pages off the head of one LRU into the batch, under
    /// the LRU's lock.
    /// </summary>
    /// <returns>Pages added to the batch.</returns>
    [Linux("main.c", "sgx_isolate_epc_pages")]
    public static async Routine<int> Isolate(KernelTask current, int cgroup, int limit)
    {
        Machine machine = current.Machine;
        ReclaimBatch batch = current.Batch;
        ActorId lru = machine.Cgroups[cgroup];
        int before = batch.Count;
        batch.Scanned = 0;
        CgroupProtocol.BeginIsolate begin = await current.Ask(lru, new CgroupProtocol.BeginIsolate());
        EpcPageIndex page = begin.Page;
        int owner = begin.Owner;
        EpcPageIndex forget = EpcPageIndex.None;
        for (int scanned = 1; !page.IsNone; scanned++)
        {
            // The reference delays the enclave's release until the batch is done. If it cannot be had, the release is
            // under way and frees the page.
            EnclaveProtocol.TryGetRef reference = await current.Ask(
                machine.Enclaves[machine.Space.EnclaveOf(owner)].Enclave, new EnclaveProtocol.TryGetRef());
            forget = EpcPageIndex.None;
            batch.Scanned = scanned;
            if (reference.Got)
            {
                batch.Page[batch.Count] = page;
                batch.Owner[batch.Count] = owner;
                batch.Count++;
            }
            else
            {
                forget = page;
            }

            if (scanned == limit)
            {
                break;
            }

            CgroupProtocol.NextIsolate next = await current.Ask(
                lru,
                new CgroupProtocol.NextIsolate { Forget = forget });
            forget = EpcPageIndex.None;
            page = next.Page;
            owner = next.Owner;
        }

        await current.Ask(lru, new CgroupProtocol.EndIsolate { Forget = forget });
        return batch.Count - before;
    }

    /// <summary>
    /// sgx_reclaimer_age: young in any process spares the page; the walk stops there, so later processes keep their
    /// accessed bits.
    /// </summary>
    [Linux("main.c", "sgx_reclaimer_age")]
    private static async Routine<bool> IsYoung(KernelTask current, int enclave, int page)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        int position = 0;
        while (true)
        {
            EnclaveProtocol.ReadMm mm = await current.Ask(encl, new EnclaveProtocol.ReadMm { Position = position });
            if (mm.Mm.IsNone)
            {
                return false;
            }

            position = mm.Position;
            AddressSpaceProtocol.AgePage age = await current.Ask(
                mm.Mm,
                new AddressSpaceProtocol.AgePage { Page = page });
            if (age.Result == AgeResult.Young)
            {
                return true;
            }
        }
    }

    [Linux("main.c", "sgx_reclaim_pages", IsPart = true)]
    private static async Routine<bool> PinAndMark(KernelTask current, int slot, int enclave, int page)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        if (current.Switches.BackingPinnedUnderMutex == Fix.Present)
        {
            await current.Ask(encl, new EnclaveProtocol.Lock());
        }

        // sgx_encl_alloc_backing(): the payer is found under the mutex, too.
        int payer = await Shmem.Payer(current, enclave);
        BackingPin pin = await Shmem.Pin(current, enclave, page, payer);
        if (pin.Errno != Errno.Ok)
        {
            if (current.Switches.BackingPinnedUnderMutex == Fix.Present)
            {
                await current.Ask(encl, new EnclaveProtocol.Unlock());
            }

            return false;
        }

        if (current.Switches.BackingPinnedUnderMutex == Fix.Absent)
        {
            // R2: between the pin and this lock a fault that sees no mark may truncate the PCMD page that was pinned.
            await current.Ask(encl, new EnclaveProtocol.Lock());
        }

        current.Batch.Pin[slot] = pin;
        await current.Ask(encl, new EnclaveProtocol.MarkReclaimedAndUnlock { Page = page });
        return true;
    }

    /// <summary>Back to the tail of its LRU.</summary>
    [Linux("main.c", "sgx_reclaim_pages", IsPart = true)]
    private static async Routine Skip(KernelTask current, int slot, int enclave)
    {
        EpcPageIndex page = current.Batch.Page[slot];
        current.Batch.Page[slot] = EpcPageIndex.None;
        current.Batch.Owner[slot] = 0;
        await Main.MarkReclaimable(current, page);
        await Encl.PutRef(current, enclave);
    }

    /// <summary>sgx_reclaimer_block.</summary>
    [Linux("main.c", "sgx_reclaimer_block")]
    private static async Routine Block(KernelTask current, EpcPageIndex epcPage, int enclave, int page)
    {
        await Encl.ZapPtes(current, enclave, page, 1);
        await current.Ask(
            current.Machine.Enclaves[enclave].Enclave,
            new EnclaveProtocol.BlockPage { Page = page, EpcPage = epcPage });
    }

    /// <summary>sgx_reclaimer_write, and with the last resident child of an initialised enclave its SECS.</summary>
    [Linux("main.c", "sgx_reclaimer_write")]
    private static async Routine<WriteResult> WriteOne(
        KernelTask current,
        EpcPageIndex epcPage,
        int enclave,
        int page,
        BackingPin pin)
    {
        EnclavePlace place = current.Machine.Enclaves[enclave];
        EnclaveProtocol.LockForWrite slot = await current.Ask(
            place.Enclave,
            new EnclaveProtocol.LockForWrite { Page = page });
        EnclaveProtocol.Ewb ewb = await EnclEwb(current, place, page, epcPage, slot.Slot, pin);
        WriteResult result = ResultOf(current.Switches, ewb);
        if (result is WriteResult.Kept or WriteResult.Dropped)
        {
            // Of a page that is kept the backing that was pinned stays, empty: the next write-out finds it.
            bool isKept = result == WriteResult.Kept;
            EnclaveProtocol.AbandonWrite abandon = await current.Ask(
                place.Enclave,
                new EnclaveProtocol.AbandonWrite { Page = page, Slot = ewb.Slot, StaysReclaimed = isKept });
            if (!isKept)
            {
                await Encl.DropBacking(current, place, page, pin, abandon.IsPcmdPageInUse);
                await DropIsolated(current, epcPage);
            }

            await current.Ask(place.Enclave, new EnclaveProtocol.Unlock());
            return result;
        }

        // D3: after an EWB that failed the kernel warns, gives the slot back, and goes on as if the page had been
        // written: it is lost, and its EPC page goes to the free list while it is still valid in the EPCM, unless EWB
        // failed because the whole EPC was lost.
        EnclaveProtocol.FinishWrite finish = await current.Ask(
            place.Enclave, new EnclaveProtocol.FinishWrite { Page = page, Slot = ewb.Slot });
        if (current.Switches.SecsReclaim == SecsReclaim.OnLru)
        {
            await ListSecs(current, place);
        }
        else if (finish.CanWriteSecs)
        {
            await WriteSecs(current, place, enclave, finish.SecsPage);
        }

        await current.Ask(place.Enclave, new EnclaveProtocol.Unlock());
        if (ewb.Result == LeafResult.Done && current.Switches.DirtySetWithWrite == Fix.Absent)
        {
            // R5: EWB's output is dirty only from here on, and only the pin protected it from memory pressure until
            // now.
            await current.Ask(place.Backing, PutPages(page, pin, isDirtied: true));
        }

        return result;
    }

    [Linux("main.c", "sgx_reclaim_pages", IsPart = true)]
    private static async Routine DropIsolated(KernelTask current, EpcPageIndex page) =>
        await current.Ask(
            current.Machine.Cgroups[current.Machine.LruOf(page)], new CgroupProtocol.DropIsolated { Page = page });

    /// <summary>What becomes of a page whose write-out has ended so.</summary>
    private static WriteResult ResultOf(KernelSwitches switches, in EnclaveProtocol.Ewb ewb) =>
        ewb.Result == LeafResult.NotRun ? WriteResult.Dropped
        : ewb.Result != LeafResult.Failed ? WriteResult.Written
        : switches.EwbFailure switch
        {
            EwbFailure.FreesPage => WriteResult.Written,
            EwbFailure.RemovesPage => WriteResult.MustRemove,
            EwbFailure.KeepsPage => WriteResult.Kept,
        };

    /// <summary>Stores EWB's output in the pinned pages and ends the pin. A failed EWB has written nothing.</summary>
    [Linux("main.c", "sgx_reclaimer_write", IsPart = true)]
    private static async Routine PutWritten(
        KernelTask current, EnclavePlace place, int index, EnclaveProtocol.Ewb ewb, BackingPin pin)
    {
        if (ewb.Result != LeafResult.Done)
        {
            await current.Ask(place.Backing, PutPages(index, pin, isDirtied: false));
            return;
        }

        await current.Ask(
            place.Backing,
            new BackingStoreProtocol.WriteBacking
            {
                Index = index,
                Version = ewb.Version,
                ContentsGeneration = pin.ContentsGeneration,
                PcmdGeneration = pin.PcmdGeneration,
                IsWriteOnly = current.Switches.DirtySetWithWrite == Fix.Absent,
            });
    }

    private static BackingStoreProtocol.PutBacking PutPages(int index, BackingPin pin, bool isDirtied) => new()
    {
        Index = index,
        ContentsGeneration = pin.ContentsGeneration,
        PcmdGeneration = pin.PcmdGeneration,
        IsDirtied = isDirtied,
    };
}
