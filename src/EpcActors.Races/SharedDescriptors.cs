using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.VirtualEpcs;

namespace EpcActors.Races;

/// <summary>
/// Messages whose handling reads or changes the descriptor of a page that the caller does not hold: they commute with
/// no other request, whatever resource that goes to.
/// </summary>
/// <remarks>
/// The task that holds a page also writes its descriptor between two requests. That needs no entry here: a request that
/// looks at the page meanwhile has one. The processor's own look at a page (an access, EACCEPT) is among them, and so
/// are lists whose links lie in the descriptors of their neighbours.
/// </remarks>
internal static class SharedDescriptors
{
    private static readonly HashSet<ushort> Codes =
    [
        NumaNodeProtocol.PoisonPage.Code,
        NumaNodeProtocol.LoseEpc.Code,
        AddressSpaceProtocol.Access.Code,
        CgroupProtocol.Unmark.Code,
        CgroupProtocol.BeginIsolate.Code,
        CgroupProtocol.NextIsolate.Code,
        CgroupProtocol.EndIsolate.Code,
        CgroupProtocol.DropIsolated.Code,
        CgroupProtocol.PopVictimPage.Code,
        CgroupProtocol.DropUnreclaimable.Code,
        CgroupProtocol.AddToLru.Code,
        CgroupProtocol.AddUnreclaimable.Code,
        EnclaveProtocol.ModifyPage.Code,
        EnclaveProtocol.ReadType.Code,
        EnclaveProtocol.BeginRemove.Code,
        VirtualEpcProtocol.GuestUse.Code,
        VirtualEpcProtocol.EremoveGuestPage.Code,
        VirtualEpcProtocol.TakeZombie.Code,
    ];

    public static bool AreTouchedBy(ushort code) => Codes.Contains(code);
}
