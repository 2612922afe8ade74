using EpcActors.Actors.AddressSpaces;
using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Cluster;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.Memory;
using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.Processes;
using EpcActors.Actors.VirtualEpcs;
using EpcActors.Actors.Waiting;
using EpcActors.Engine;

namespace EpcActors.Lab.Oracles;

/// <summary>The messages that concern a rule.</summary>
internal enum WatchedMessage : byte
{
    None,

    // A touch: most messages of a run that faults seldom.
    Access,

    // What concerns the enclave alone, whoever asks: Oracle.Processor.
    EnterEnclave,
    ExitEnclave,
    BlockPage,
    Etrack,
    SendIpi,
    LockAndEinit,

    // What an enclave gives and takes: Oracle.Enclaves.
    LinkVaPage,
    UnlinkVaPage,
    Ecreate,
    LockAndAddPage,
    Eldu,
    Eaug,
    Ewb,
    LockForWrite,
    FinishWrite,
    FinishWriteSecs,
    LockAndErase,
    TakeEntry,
    TakeSecs,
    TakeVaPage,
    ReadMm,
    AddMm,
    RemoveMm,
    TakeFirstMm,
    SynchronizeSrcu,
    FreeEnclave,

    // What a task owes by what it sees: Oracle.Routines.
    AgePage,
    ReadPages,
    ReadFreePages,
    Wake,
    SleepUntilWoken,
    ReadCss,
    CountMaxEvent,
    Unmark,
    BeginIoctl,
    ReadType,
    BeginRemove,

    // Everything else: Oracle.Messages.
    TakePage,
    FreePage,
    SanitisePage,
    LoseEpc,
    AddPages,
    LoadPages,
    StorePages,
    Charge,
    Uncharge,
    WriteMax,
    AddToLru,
    BeginIsolate,
    NextIsolate,
    EndIsolate,
    ChargeMemory,
    UnchargeMemory,
    PinBacking,
    FinishLoad,
    TruncateBacking,
    PrepareToWait,
    ThreadExit,
    AddZombie,
    StoreAndUnlock,
    TakeGuestPage,
    TakeZombie,
    WriteBacking,
    SwapOutBacking,
    RemoveCgroup,
    LockCursor,
    ReadUsage,
    ReadLru,
    ChargeAccount,
    UnchargeAccount,
    ChargeLevels,
    UnchargeLevels,
    TakeStock,
}

/// <summary>Which message code concerns which rule: one look-up a step.</summary>
internal static class WatchedMessages
{
    private static readonly byte[] Table = Build();

    public static WatchedMessage Of(ushort code) => (WatchedMessage)Table[code];

    private static byte[] Build()
    {
        byte[] table = new byte[ushort.MaxValue + 1];
        Watch<NumaNodeProtocol.TakePage>(WatchedMessage.TakePage);
        Watch<NumaNodeProtocol.FreePage>(WatchedMessage.FreePage);
        Watch<NumaNodeProtocol.SanitisePage>(WatchedMessage.SanitisePage);
        Watch<NumaNodeProtocol.LoseEpc>(WatchedMessage.LoseEpc);
        Watch<FreePageCounterProtocol.AddPages>(WatchedMessage.AddPages);
        Watch<FreePageCounterProtocol.LoadPages>(WatchedMessage.LoadPages);
        Watch<FreePageCounterProtocol.StorePages>(WatchedMessage.StorePages);
        Watch<CgroupProtocol.Charge>(WatchedMessage.Charge);
        Watch<CgroupProtocol.Uncharge>(WatchedMessage.Uncharge);
        Watch<CgroupProtocol.WriteMax>(WatchedMessage.WriteMax);
        Watch<CgroupProtocol.AddToLru>(WatchedMessage.AddToLru);
        Watch<CgroupProtocol.BeginIsolate>(WatchedMessage.BeginIsolate);
        Watch<CgroupProtocol.NextIsolate>(WatchedMessage.NextIsolate);
        Watch<CgroupProtocol.EndIsolate>(WatchedMessage.EndIsolate);
        Watch<MemoryCgroupProtocol.ChargeMemory>(WatchedMessage.ChargeMemory);
        Watch<MemoryCgroupProtocol.UnchargeMemory>(WatchedMessage.UnchargeMemory);
        Watch<BackingStoreProtocol.PinBacking>(WatchedMessage.PinBacking);
        Watch<BackingStoreProtocol.FinishLoad>(WatchedMessage.FinishLoad);
        Watch<BackingStoreProtocol.TruncateBacking>(WatchedMessage.TruncateBacking);
        Watch<WaitChannelProtocol.PrepareToWait>(WatchedMessage.PrepareToWait);
        Watch<ProcessProtocol.ThreadExit>(WatchedMessage.ThreadExit);
        Watch<VirtualEpcProtocol.AddZombie>(WatchedMessage.AddZombie);
        Watch<VirtualEpcProtocol.StoreAndUnlock>(WatchedMessage.StoreAndUnlock);
        Watch<VirtualEpcProtocol.TakeGuestPage>(WatchedMessage.TakeGuestPage);
        Watch<VirtualEpcProtocol.TakeZombie>(WatchedMessage.TakeZombie);
        Watch<EnclaveProtocol.LinkVaPage>(WatchedMessage.LinkVaPage);
        Watch<EnclaveProtocol.UnlinkVaPage>(WatchedMessage.UnlinkVaPage);
        Watch<EnclaveProtocol.Ecreate>(WatchedMessage.Ecreate);
        Watch<EnclaveProtocol.LockAndAddPage>(WatchedMessage.LockAndAddPage);
        Watch<EnclaveProtocol.Eldu>(WatchedMessage.Eldu);
        Watch<EnclaveProtocol.Eaug>(WatchedMessage.Eaug);
        Watch<EnclaveProtocol.Ewb>(WatchedMessage.Ewb);
        Watch<EnclaveProtocol.LockForWrite>(WatchedMessage.LockForWrite);
        Watch<EnclaveProtocol.FinishWrite>(WatchedMessage.FinishWrite);
        Watch<EnclaveProtocol.FinishWriteSecs>(WatchedMessage.FinishWriteSecs);
        Watch<EnclaveProtocol.LockAndErase>(WatchedMessage.LockAndErase);
        Watch<EnclaveProtocol.TakeEntry>(WatchedMessage.TakeEntry);
        Watch<EnclaveProtocol.TakeSecs>(WatchedMessage.TakeSecs);
        Watch<EnclaveProtocol.TakeVaPage>(WatchedMessage.TakeVaPage);
        Watch<BackingStoreProtocol.WriteBacking>(WatchedMessage.WriteBacking);
        Watch<BackingStoreProtocol.SwapOutBacking>(WatchedMessage.SwapOutBacking);
        Watch<EnclaveProtocol.ReadMm>(WatchedMessage.ReadMm);
        Watch<EnclaveProtocol.AddMm>(WatchedMessage.AddMm);
        Watch<EnclaveProtocol.RemoveMm>(WatchedMessage.RemoveMm);
        Watch<EnclaveProtocol.TakeFirstMm>(WatchedMessage.TakeFirstMm);
        Watch<EnclaveProtocol.SynchronizeSrcu>(WatchedMessage.SynchronizeSrcu);
        Watch<EnclaveProtocol.FreeEnclave>(WatchedMessage.FreeEnclave);
        Watch<CgroupTreeProtocol.RemoveCgroup>(WatchedMessage.RemoveCgroup);
        Watch<CgroupTreeProtocol.LockCursor>(WatchedMessage.LockCursor);
        Watch<CgroupProtocol.ReadUsage>(WatchedMessage.ReadUsage);
        Watch<CgroupProtocol.ReadLru>(WatchedMessage.ReadLru);
        Watch<ClusterProtocol.ChargeAccount>(WatchedMessage.ChargeAccount);
        Watch<ClusterProtocol.UnchargeAccount>(WatchedMessage.UnchargeAccount);
        Watch<ClusterProtocol.ChargeLevels>(WatchedMessage.ChargeLevels);
        Watch<ClusterProtocol.UnchargeLevels>(WatchedMessage.UnchargeLevels);
        Watch<ClusterProtocol.TakeStock>(WatchedMessage.TakeStock);
        Watch<AddressSpaceProtocol.Access>(WatchedMessage.Access);
        Watch<AddressSpaceProtocol.AgePage>(WatchedMessage.AgePage);
        Watch<FreePageCounterProtocol.ReadPages>(WatchedMessage.ReadPages);
        Watch<NumaNodeProtocol.ReadFreePages>(WatchedMessage.ReadFreePages);
        Watch<WaitChannelProtocol.Wake>(WatchedMessage.Wake);
        Watch<WaitChannelProtocol.SleepUntilWoken>(WatchedMessage.SleepUntilWoken);
        Watch<ProcessProtocol.ReadCss>(WatchedMessage.ReadCss);
        Watch<CgroupProtocol.CountMaxEvent>(WatchedMessage.CountMaxEvent);
        Watch<CgroupProtocol.Unmark>(WatchedMessage.Unmark);
        Watch<EnclaveProtocol.EnterEnclave>(WatchedMessage.EnterEnclave);
        Watch<EnclaveProtocol.ExitEnclave>(WatchedMessage.ExitEnclave);
        Watch<EnclaveProtocol.BlockPage>(WatchedMessage.BlockPage);
        Watch<EnclaveProtocol.Etrack>(WatchedMessage.Etrack);
        Watch<EnclaveProtocol.SendIpi>(WatchedMessage.SendIpi);
        Watch<EnclaveProtocol.LockAndEinit>(WatchedMessage.LockAndEinit);
        Watch<EnclaveProtocol.BeginIoctl>(WatchedMessage.BeginIoctl);
        Watch<EnclaveProtocol.ReadType>(WatchedMessage.ReadType);
        Watch<EnclaveProtocol.BeginRemove>(WatchedMessage.BeginRemove);
        return table;

        void Watch<TMessage>(WatchedMessage message)
            where TMessage : IMessage => table[TMessage.Code] = (byte)message;
    }
}
