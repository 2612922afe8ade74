using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;

namespace EpcActors.Kernel.Tasks;

/// <content>Operations of the setup, and those of administrators and hardware.</content>
public sealed partial class OperationTask
{
    private async Routine<OperationResult> EvictAll(int enclave, int first, int count)
    {
        for (int done = 0; done < count; done++)
        {
            Errno errno = await Evict(enclave, first + done);
            if (errno != Errno.Ok)
            {
                return Result(errno, done);
            }
        }

        return Result(Errno.Ok, count);
    }

    /// <summary>
    /// Goes over one LRU page by page and writes only the wanted page out; then goes on until the others are in their
    /// old order.
    /// </summary>
    private async Routine<Errno> Evict(int enclave, int page)
    {
        EnclaveProtocol.FindPage find = await Ask(
            Machine.Enclaves[enclave].Enclave,
            new EnclaveProtocol.FindPage { Page = page });
        if (find.EpcPage.IsNone)
        {
            return find.State == EnclavePageState.Swapped ? Errno.Ok : Errno.EFAULT;
        }

        int cgroup = Machine.LruOf(find.EpcPage);
        EpcPageIndex wanted = find.EpcPage;
        EpcPageIndex head = EpcPageIndex.None;
        int turned = 0;
        while (true)
        {
            if (turned > Machine.CapacityPages || await Reclaim.Isolate(this, cgroup, 1) == 0)
            {
                return Errno.EBUSY;
            }

            if (Batch.Page[0] == wanted)
            {
                break;
            }

            head = turned++ == 0 ? Batch.Page[0] : head;
            await PutBack();
        }

        await Reclaim.ReclaimPages(this, Reclaim.IsIsolated, 0, ignoreAge: true);
        find = await Ask(Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.FindPage { Page = page });
        Errno errno = find.State == EnclavePageState.Swapped ? Errno.Ok : Errno.EBUSY;

        // The pages ahead of it are at the tail now: go round once to count the pages, and again to the begin.
        int length = turned;
        for (bool isRound = turned == 0; !isRound && await Reclaim.Isolate(this, cgroup, 1) > 0;)
        {
            isRound = Batch.Page[0] == head;
            length += isRound ? 0 : 1;
            await PutBack();
        }

        for (int i = 1; turned > 0 && i < length && await Reclaim.Isolate(this, cgroup, 1) > 0; i++)
        {
            await PutBack();
        }

        return errno;
    }

    /// <summary>The page just isolated goes to the tail of its LRU.</summary>
    private async Routine PutBack()
    {
        Batch.Count = 0;
        await Main.MarkReclaimable(this, Batch.Page[0]);
        await Encl.PutRef(this, Machine.Space.EnclaveOf(Batch.Owner[0]));
    }

    private async Routine<OperationResult> AgeAll(int enclave, int first, int count)
    {
        EnclaveProtocol.TryGetRef reference = await Ask(
            Machine.Enclaves[enclave].Enclave,
            new EnclaveProtocol.TryGetRef());
        if (!reference.Got)
        {
            return Result(Errno.EFAULT);
        }

        for (int done = 0; done < count; done++)
        {
            int position = 0;
            while (true)
            {
                EnclaveProtocol.ReadMm mm = await Ask(
                    Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.ReadMm { Position = position });
                if (mm.Mm.IsNone)
                {
                    break;
                }

                position = mm.Position;
                await Ask(mm.Mm, new AddressSpaceProtocol.AgePage { Page = first + done });
            }
        }

        await Encl.PutRef(this, enclave);
        return Result(Errno.Ok, count);
    }

    private async Routine<OperationResult> PauseOnce()
    {
        await Sleep(TickNs);
        return Result(Errno.Ok);
    }

    private async Routine<OperationResult> SetMemoryMax(int cgroup, Limit max)
    {
        await Shmem.WriteMemoryMax(this, cgroup, max);
        return Result(Errno.Ok);
    }

    private async Routine<OperationResult> KillProcess(int enclave, int guest)
    {
        ProcessProtocol.Kill kill = await Ask(
            ProcessOf(enclave, guest),
            new ProcessProtocol.Kill { Reason = KillReason.Scenario });
        return Result(kill.WasDying ? Errno.ESRCH : Errno.Ok);
    }

    private async Routine<OperationResult> SignalProcess(int enclave, int guest)
    {
        ProcessProtocol.Signal signal = await Ask(ProcessOf(enclave, guest), new ProcessProtocol.Signal());
        return Result(signal.WasDying ? Errno.ESRCH : Errno.Ok);
    }

    private async Routine<OperationResult> PoisonPages(int node, int first, int count)
    {
        for (int done = 0; done < count; done++)
        {
            await Main.MemoryFailure(this, PageOfNode(node, first + done));
        }

        return Result(Errno.Ok, count);
    }

    private async Routine<OperationResult> PoisonOf(int enclave, int page)
    {
        EnclaveProtocol.FindPage find = await Ask(
            Machine.Enclaves[enclave].Enclave,
            new EnclaveProtocol.FindPage { Page = page < 0 ? Machine.Enclaves[enclave].PageCount : page });
        return find.EpcPage.IsNone ? Result(Errno.EFAULT) : await PoisonPage(find.EpcPage);
    }

    private async Routine<OperationResult> PoisonPage(EpcPageIndex page)
    {
        await Main.MemoryFailure(this, page);
        return Result(Errno.Ok);
    }

    private async Routine<OperationResult> LoseEpcOnce()
    {
        await Main.LoseEpc(this);
        return Result(Errno.Ok);
    }

    /// <summary>The shmem reclaim of memory pressure. ENOENT: the page is absent or pinned.</summary>
    private async Routine<Errno> SwapPageOut(int enclave, int page, bool isPcmd, bool evenPinned) =>
        await Shmem.SwapOut(this, enclave, page, isPcmd, evenPinned) ? Errno.Ok : Errno.ENOENT;

    private ActorId ProcessOf(int enclave, int guest) =>
        guest >= 0 ? _places.Guests[guest].Process : _places.EnclaveProcesses[enclave];

    private EpcPageIndex PageOfNode(int node, int number)
    {
        for (int page = 0; page < Machine.CapacityPages; page++)
        {
            if (Machine.NodeOf(new EpcPageIndex(page)) == node && number-- == 0)
            {
                return new EpcPageIndex(page);
            }
        }

        throw new InvariantViolation($"{Name}: node {node} has fewer pages");
    }
}
