using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.Processes;

namespace EpcActors.Kernel.Routines;

/// <summary>The backing store: mm/shmem.c and the memory controller, as far as an enclave's file meets them.</summary>
internal static class Shmem
{
    /// <summary>
    /// sgx_encl_get_backing: pins contents and PCMD page of an index; missing pages are allocated and charged. Both are
    /// charged together, where the kernel may keep a contents page whose PCMD page was refused; the next attempt for
    /// the same page finds it then.
    /// </summary>
    /// <returns>The pin, or ENOMEM when memory.max has no room (the out-of-memory killer was called).</returns>
    [Linux("encl.c", "sgx_encl_get_backing")]
    public static async Routine<BackingPin> Pin(KernelTask current, int enclave, int index, int payer)
    {
        ActorId backing = current.Machine.Enclaves[enclave].Backing;
        int charged = 0;
        while (true)
        {
            BackingStoreProtocol.PinBacking pin = await current.Ask(
                backing, new BackingStoreProtocol.PinBacking { Index = index, Payer = payer, ChargedPages = charged });
            if (pin.MissingPages == 0)
            {
                if (pin.SurplusPages > 0)
                {
                    await Uncharge(current, payer, pin.SurplusPages);
                }

                return new BackingPin(
                    Errno.Ok, pin.ContentsGeneration, pin.PcmdGeneration, pin.ContentsVersion, pin.PcmdVersion);
            }

            // A page has to be made: only that can fail.
            int wanted = pin.MissingPages - charged;
            if (current.Choose((int)ChoicePoint.BackingFails) || !await TryCharge(current, payer, wanted))
            {
                if (charged > 0)
                {
                    await Uncharge(current, payer, charged);
                }

                return new BackingPin(Errno.ENOMEM, 0, 0, 0, 0);
            }

            charged += wanted;
        }
    }

    /// <summary>
    /// Memory pressure (shrink_folio_list): a page of an enclave's file leaves RAM, to swap when it is dirty, and
    /// without a trace when it is clean. It asks no enclave: only a pin prevents it. The task that looks the page up
    /// next pays for it; the kernel charges the cgroup that it noted with the swap entry.
    /// </summary>
    /// <param name="current">Task that reclaims memory.</param>
    /// <param name="enclave">Whose file.</param>
    /// <param name="index">Contents page; the enclave's page count for that of the SECS.</param>
    /// <param name="isPcmd">The PCMD page with the record of that index instead.</param>
    /// <param name="evenPinned">Also take a page that is pinned, which no kernel does.</param>
    /// <returns>True when the page was there and was taken.</returns>
    [Linux("vmscan.c", "pageout")]
    public static async Routine<bool> SwapOut(
        KernelTask current,
        int enclave,
        int index,
        bool isPcmd,
        bool evenPinned = false)
    {
        BackingStoreProtocol.SwapOutBacking swap = await current.Ask(
            current.Machine.Enclaves[enclave].Backing,
            new BackingStoreProtocol.SwapOutBacking { Index = index, IsPcmd = isPcmd, EvenPinned = evenPinned });
        if (swap.Payer >= 0)
        {
            await Uncharge(current, swap.Payer, 1);
        }

        return swap.WasTaken;
    }

    /// <summary>
    /// A write to memory.max (memory_max_write): unlike misc.max it is enforced. Usage above it cannot be reclaimed
    /// without swap, so processes are killed one by one until the rest fits or no process is left.
    /// </summary>
    /// <param name="current">Task that writes.</param>
    /// <param name="memoryCgroup">Memory cgroup of the limit.</param>
    /// <param name="max">The limit.</param>
    [Linux("memcontrol.c", "memory_max_write")]
    public static async Routine WriteMemoryMax(KernelTask current, int memoryCgroup, Limit max)
    {
        const long PollNs = 100_000;
        ActorId target = current.Machine.MemoryCgroups[memoryCgroup];
        MemoryCgroupProtocol.WriteMemoryMax write = await current.Ask(
            target, new MemoryCgroupProtocol.WriteMemoryMax { Max = max });
        while (write.UsagePages > max.Pages && await OutOfMemory(current, memoryCgroup))
        {
            await current.Sleep(PollNs);
            write = await current.Ask(target, new MemoryCgroupProtocol.WriteMemoryMax { Max = max });
        }
    }

    /// <summary>Gives pages back at every level.</summary>
    [Linux("memcontrol.c", "mem_cgroup_uncharge")]
    public static async Routine Uncharge(KernelTask current, int payer, int pages)
    {
        Machine machine = current.Machine;
        for (int level = payer; level >= 0; level = machine.MemoryCgroupParents[level])
        {
            await current.Ask(machine.MemoryCgroups[level], new MemoryCgroupProtocol.UnchargeMemory { Pages = pages });
        }
    }

    /// <summary>
    /// Memory cgroup that pays for backing (sgx_encl_get_mem_cgroup, encl.c): a normal task's own, also for pages of
    /// others; for ksgxd and, from v6 on, the cgroup workers that of the enclave's first live process, or the root when
    /// there is none. Before v6 a worker paid from its own: the root (C17).
    /// </summary>
    /// <remarks>A process whose last thread has ended counts as gone, a moment before its address space is: its memory
    /// has no owner then, and the kernel falls back to the root.</remarks>
    [Linux("encl.c", "sgx_encl_get_mem_cgroup")]
    public static async Routine<int> Payer(KernelTask current, int enclave)
    {
        bool indirect = current.Kind switch
        {
            TaskKind.Ksgxd => true,
            TaskKind.CgroupWorker => current.Switches.BackingCharge == BackingCharge.Indirect,
            TaskKind.User => false,
            TaskKind.Other => false,
        };

        if (current.Kind == TaskKind.Ksgxd && current.Switches.BackingCharge == BackingCharge.Root)
        {
            return 0;
        }

        if (!indirect)
        {
            if (current.Process.IsNone)
            {
                return 0;
            }

            ProcessProtocol.ReadCss own = await current.Ask(current.Process, new ProcessProtocol.ReadCss());
            return own.MemoryCgroup;
        }

        int position = 0;
        while (true)
        {
            EnclaveProtocol.ReadMm mm = await current.Ask(
                current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.ReadMm { Position = position });
            ActorId process = current.Machine.ProcessOfMm.Of(mm.Mm);
            if (process.IsNone)
            {
                return 0;
            }

            ProcessProtocol.ReadCss css = await current.Ask(process, new ProcessProtocol.ReadCss());
            if (!css.HasExited)
            {
                return css.MemoryCgroup;
            }

            position = mm.Position;
        }
    }

    /// <summary>
    /// try_charge_memcg: level by level, with roll-back. A level adds and checks in one message, so no charge is
    /// refused for pages that a loser gives back at once. The kernel's caller tries again in that case and gets them.
    /// </summary>
    [Linux("memcontrol.c", "try_charge_memcg")]
    private static async Routine<bool> TryCharge(KernelTask current, int payer, int pages)
    {
        Machine machine = current.Machine;
        int level = payer;
        while (level >= 0)
        {
            MemoryCgroupProtocol.ChargeMemory charge = await current.Ask(
                machine.MemoryCgroups[level], new MemoryCgroupProtocol.ChargeMemory { Pages = pages });
            if (charge.IsOver)
            {
                break;
            }

            level = machine.MemoryCgroupParents[level];
        }

        if (level < 0)
        {
            return true;
        }

        for (int at = payer; at != level; at = machine.MemoryCgroupParents[at])
        {
            await current.Ask(machine.MemoryCgroups[at], new MemoryCgroupProtocol.UnchargeMemory { Pages = pages });
        }

        // No swap: there is nothing to reclaim, so the out-of-memory killer comes at once. The kernel then tries again
        // as long as a victim is on its way out, with the enclave's mutex held; here the charge fails, reclaim skips
        // the page, and the task that wanted a page tries again.
        await OutOfMemory(current, level);
        return false;
    }

    /// <summary>mem_cgroup_out_of_memory: one victim, unless one is dying already.</summary>
    /// <returns>False when no process is left to kill.</returns>
    [Linux("memcontrol.c", "mem_cgroup_out_of_memory")]
    private static async Routine<bool> OutOfMemory(KernelTask current, int memoryCgroup)
    {
        Machine machine = current.Machine;
        OomKillerProtocol.SelectVictim victim = await current.Ask(
            machine.OomKiller, new OomKillerProtocol.SelectVictim { MemoryCgroup = memoryCgroup });
        if (victim.Process.IsNone)
        {
            return false;
        }

        ProcessProtocol.Kill kill = await current.Ask(
            victim.Process, new ProcessProtocol.Kill { Reason = KillReason.MemoryOom });
        if (kill.WasDying)
        {
            return true;
        }

        // memory.events (oom_kill) counts at the victim's cgroup and up the tree; the root has no such file.
        for (int level = victim.VictimCgroup; level >= 0; level = machine.MemoryCgroupParents[level])
        {
            if (machine.MemoryCgroupParents[level] >= 0 || level == victim.VictimCgroup)
            {
                await current.Ask(machine.MemoryCgroups[level], new MemoryCgroupProtocol.CountOomKill());
            }
        }

        current.Report(RunEvent.MemoryOomKill, current.NowNs, victim.Process.Index);
        return true;
    }
}
