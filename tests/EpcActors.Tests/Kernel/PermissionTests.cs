using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Routines;

namespace EpcActors.Tests.Kernel;

/// <summary>
/// EMODPR as in the manual: PR on a page says that an EACCEPT is due, and prevents no access to the page.
/// </summary>
public sealed class PermissionTests
{
    [Fact]
    public void A_restricted_page_is_accessible_is_restricted_again_and_changes_its_type()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0));
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.RestrictPermissions(t, 0, 0, 1));
            Assert.Equal(Epcm.Valid | Epcm.Restricted, StateOf(rig, 0));

            // No translation went, no access faults: the look-up below would fault if one did.
            Assert.True(rig.Mm().Ptes[0].IsPresent);
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0, tries: 0));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0, AccessKind.Write, tries: 0));

            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.RestrictPermissions(t, 0, 0, 1));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0, AccessKind.Eaccept));
            Assert.Equal(Epcm.Valid, StateOf(rig, 0));

            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.RestrictPermissions(t, 0, 0, 1));
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.ModifyTypes(t, 0, 0, 1));
            Assert.Equal(Epcm.Valid | Epcm.Trim | Epcm.Modified, StateOf(rig, 0));
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 0));
            Assert.Equal(new IoctlResult(Errno.EPERM, 0), await Ioctls.RemovePages(t, 0, 0, 1));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0, AccessKind.Eaccept));
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.RemovePages(t, 0, 0, 1));
        });
        rig.Run();
    }

    [Fact]
    public void What_waits_for_an_EACCEPT_is_not_modifiable_and_PR_is_no_such_wait()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 1));
            IoctlResult refused = new(Errno.EFAULT, 0, Ioctls.SgxPageNotModifiable);
            Assert.Equal(refused, await Ioctls.RestrictPermissions(t, 0, 1, 1));
            Assert.Equal(refused, await Ioctls.ModifyTypes(t, 0, 1, 1, EnclavePageType.Tcs));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 1, AccessKind.Eaccept));
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.RestrictPermissions(t, 0, 1, 1));
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.ModifyTypes(t, 0, 1, 1, EnclavePageType.Tcs));
            Assert.Equal(Epcm.Valid | Epcm.Tcs | Epcm.Modified, StateOf(rig, 1));
        });
        rig.Run();
    }

    [Fact]
    public void PR_goes_out_and_comes_back_with_the_page()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.RestrictPermissions(t, 0, 0, 1));
            Assert.Equal(1, await KernelRig.ReclaimBatch(t));
            Assert.Equal(EnclavePageState.Swapped, rig.Enclave().Entries[0].State);
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0));
            Assert.Equal(Epcm.Valid | Epcm.Restricted, StateOf(rig, 0));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0, AccessKind.Eaccept));
            Assert.Equal(Epcm.Valid, StateOf(rig, 0));
        });
        rig.Run();
    }

    [Fact]
    public void Types_are_told_apart()
    {
        Epcm[] types = [Epcm.None, Epcm.Secs, Epcm.VersionArray, Epcm.Trim, Epcm.Tcs];
        Assert.Equal(types.Length, types.Distinct().Count());
        Assert.All(types, type => Assert.Equal(type, type & Epcm.TypeMask));
        Epcm flags = Epcm.Valid | Epcm.Blocked | Epcm.Pending | Epcm.Modified | Epcm.Restricted;
        Assert.Equal((Epcm)byte.MaxValue, flags | Epcm.TypeMask);
        Assert.Equal(Epcm.None, flags & Epcm.TypeMask);
    }

    private static Epcm StateOf(KernelRig rig, int page) => rig.Machine.Pages[rig.Enclave().Entries[page].EpcPage].Epcm;
}
