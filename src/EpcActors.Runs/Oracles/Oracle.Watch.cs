using System.Runtime.CompilerServices;
using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Kernel.Waiting;

namespace EpcActors.Runs.Oracles;

/// <content>
/// Which message concerns which rule. Each has a small method of its own, and a step is one look-up and one call: a
/// switch over all of them was one method with one large frame, set up at every second step of a run.
/// </content>
public sealed partial class Oracle
{
    [Constant]
    private readonly StepWatcher?[] _watchers = new StepWatcher?[WatchedMessages.Most];

    /// <summary>The method below that judges the requests of a code; null when they concern no rule.</summary>
    public StepWatcher? WatcherOf(ushort code) => _watchers[WatchedMessages.NumberOf(code)];

    /// <summary>Looks at one answered request.</summary>
    public void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        ArgumentNullException.ThrowIfNull(envelope);

        // Most steps concern no rule; the table says so at once.
        WatcherOf(envelope.Code)?.Invoke(envelope, resource, nowNs);
    }

    private void WatchAll()
    {
        Watch<AddressSpaceProtocol.Access>(SawAccess);
        WatchMachine();
        WatchEnclaves();
        WatchRoutines();
        WatchProcessor();
        _topology.Part?.Watch(this);
    }

    /// <summary>Nodes, the free-page counter, cgroups, memory, guests: Oracle.Messages.</summary>
    private void WatchMachine()
    {
        Watch<NumaNodeProtocol.TakePage>(SawTakePage);
        Watch<NumaNodeProtocol.FreePage>(SawFreePage);
        Watch<NumaNodeProtocol.SanitisePage>(SawSanitisePage);
        Watch<NumaNodeProtocol.PoisonPage>(SawPoisonPage);
        Watch<NumaNodeProtocol.LoseEpc>(SawLoseEpc);
        Watch<FreePageCounterProtocol.AddPages>(SawAddPages);
        Watch<FreePageCounterProtocol.LoadPages>(SawLoadPages);
        Watch<FreePageCounterProtocol.StorePages>(SawStorePages);
        Watch<CgroupProtocol.Charge>(SawCharge);
        Watch<CgroupProtocol.Uncharge>(SawUncharge);
        Watch<CgroupProtocol.WriteMax>(SawWriteMax);
        Watch<CgroupProtocol.AddToLru>(SawAddToLru);
        Watch<CgroupProtocol.ReadUsage>(SawReadUsage);
        Watch<CgroupProtocol.ReadLru>(SawReadLru);
        Watch<CgroupTreeProtocol.RemoveCgroup>(SawRemoveCgroup);
        Watch<CgroupTreeProtocol.AddCgroup>(SawAddCgroup);
        Watch<CgroupProtocol.CreateCss>(SawCreateCss);
        Watch<CgroupTreeProtocol.LockCursor>(SawLockCursor);
        Watch<CgroupProtocol.BeginIsolate>(SawBeginIsolate);
        Watch<CgroupProtocol.NextIsolate>(SawNextIsolate);
        Watch<CgroupProtocol.EndIsolate>(SawEndIsolate);
        Watch<CgroupProtocol.DropIsolated>(SawDropIsolated);
        Watch<MemoryCgroupProtocol.ChargeMemory>(SawChargeMemory);
        Watch<MemoryCgroupProtocol.UnchargeMemory>(SawUnchargeMemory);
        Watch<BackingStoreProtocol.PinBacking>(SawPinBacking);
        Watch<BackingStoreProtocol.FinishLoad>(SawFinishLoad);
        Watch<BackingStoreProtocol.TruncateBacking>(SawTruncateBacking);
        Watch<BackingStoreProtocol.SwapOutBacking>(SawSwapOutBacking);
        Watch<BackingStoreProtocol.WriteBacking>(SawWriteBacking);
        Watch<WaitChannelProtocol.PrepareToWait>(SawPrepareToWait);
        Watch<ProcessProtocol.ThreadExit>(SawThreadExit);
        Watch<VirtualEpcProtocol.AddZombie>(SawAddZombie);
        Watch<VirtualEpcProtocol.StoreAndUnlock>(SawStoreAndUnlock);
        Watch<VirtualEpcProtocol.TakeGuestPage>(SawTakeGuestPage);
        Watch<VirtualEpcProtocol.TakeZombie>(SawTakeZombie);
    }

    /// <summary>Pages and slots that an enclave gives and takes: Oracle.Enclaves.</summary>
    private void WatchEnclaves()
    {
        Watch<EnclaveProtocol.LinkVaPage>(SawLinkVaPage);
        Watch<EnclaveProtocol.UnlinkVaPage>(SawUnlinkVaPage);
        Watch<EnclaveProtocol.Ecreate>(SawEcreate);
        Watch<EnclaveProtocol.LockAndAddPage>(SawLockAndAddPage);
        Watch<EnclaveProtocol.Eldu>(SawEldu);
        Watch<EnclaveProtocol.Eaug>(SawEaug);
        Watch<EnclaveProtocol.Ewb>(SawEwb);
        Watch<EnclaveProtocol.LockForWrite>(SawLockForWrite);
        Watch<EnclaveProtocol.FinishWrite>(SawFinishWrite);
        Watch<EnclaveProtocol.FinishWriteSecs>(SawFinishWriteSecs);
        Watch<EnclaveProtocol.AbandonWrite>(SawAbandonWrite);
        Watch<EnclaveProtocol.TakeEmptyVaPage>(SawTakeEmptyVaPage);
        Watch<EnclaveProtocol.LockAndErase>(SawLockAndErase);
        Watch<EnclaveProtocol.TakeEntry>(SawTakeEntry);
        Watch<EnclaveProtocol.TakeSecs>(SawTakeSecs);
        Watch<EnclaveProtocol.TakeVaPage>(SawTakeVaPage);
        Watch<EnclaveProtocol.ReadMm>(SawReadMm);
        Watch<EnclaveProtocol.AddMm>(SawMmList);
        Watch<EnclaveProtocol.SynchronizeSrcu>(SawMmList);
        Watch<EnclaveProtocol.RemoveMm>(SawRemoveMm);
        Watch<EnclaveProtocol.TakeFirstMm>(SawTakeFirstMm);
        Watch<EnclaveProtocol.FreeEnclave>(SawFreeEnclave);
        Watch<EnclaveProtocol.OpenDevice>(SawOpenDevice);
    }

    /// <summary>Duties of a task by what it sees: Oracle.Routines.</summary>
    private void WatchRoutines()
    {
        Watch<AddressSpaceProtocol.AgePage>(SawAgePage);
        Watch<FreePageCounterProtocol.ReadPages>(SawReadPages);
        Watch<NumaNodeProtocol.ReadFreePages>(SawReadFreePages);
        Watch<WaitChannelProtocol.Wake>(SawWake);
        Watch<WaitChannelProtocol.SleepUntilWoken>(SawSleepUntilWoken);
        Watch<ProcessProtocol.ReadCss>(SawReadCss);
        Watch<CgroupProtocol.CountMaxEvent>(SawCountMaxEvent);
        Watch<CgroupProtocol.CountWaiter>(SawCountWaiter);
        Watch<CgroupProtocol.Unmark>(SawUnmark);
        Watch<EnclaveProtocol.BeginIoctl>(SawBeginIoctl);
        Watch<EnclaveProtocol.ReadType>(SawPageOfSgx2);
        Watch<EnclaveProtocol.BeginRemove>(SawPageOfSgx2);
    }

    /// <summary>Messages about the processor, of any task: Oracle.Processor.</summary>
    private void WatchProcessor()
    {
        Watch<EnclaveProtocol.EnterEnclave>(SawEnterEnclave);
        Watch<EnclaveProtocol.ExitEnclave>(SawExitEnclave);
        Watch<EnclaveProtocol.BlockPage>(SawBlockPage);
        Watch<EnclaveProtocol.Etrack>(SawEtrack);
        Watch<EnclaveProtocol.SendIpi>(SawSendIpi);
        Watch<EnclaveProtocol.LockAndEinit>(SawLockAndEinit);
    }

    private void Watch<TMessage>(StepWatcher watcher)
        where TMessage : IMessage => _watchers[WatchedMessages.NumberFor<TMessage>()] = watcher;

    /// <summary>
    /// What the task that asks has in its hands. In a live run what comes of it is booked with the resource that was
    /// asked.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Carried CarriedBy(Envelope envelope, Resource resource)
    {
        Carried?[] all = _carried;
        TaskActor caller = envelope.Caller;
        int index = caller.Id.Index;
        Carried carried = (uint)index < (uint)all.Length && all[index] is { } known ? known : NewCarried(caller);
        if (_booksOf is { } booksOf)
        {
            carried.Books = booksOf[resource.Id.Index];
        }

        return carried;
    }

    private static ref readonly TMessage Of<TMessage>(Envelope envelope)
        where TMessage : unmanaged, IMessage => ref ((Envelope<TMessage>)envelope).Message;
}
