using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Routines;

namespace EpcActors.Tests.Kernel;

/// <summary>mmap_lock: who waits behind whom, and what a fault finds under it.</summary>
public sealed class MmapLockTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Ageing_and_zapping_queue_behind_a_waiting_writer_and_pass_readers_without_one(bool hasWriter)
    {
        KernelRig rig = new();
        List<string> order = [];
        ActorId mm = rig.Mm().Id;
        rig.User("reader", async t =>
        {
            await rig.Build(t, 2);
            await rig.Touch(t, 0);
            await t.Ask(mm, new AddressSpaceProtocol.BeginFault());
            await t.Sleep(1000);
            order.Add("reader");
            await t.Ask(mm, new AddressSpaceProtocol.EndFault());
        });
        rig.User("writer", async t =>
        {
            if (hasWriter)
            {
                await t.Ask(mm, new AddressSpaceProtocol.MapOther());
                order.Add("writer");
            }
        }, atNs: 100);
        rig.Other("age", async t =>
        {
            await t.Ask(mm, new AddressSpaceProtocol.AgePage { Page = 0 });
            order.Add("age");
        }, atNs: 200);
        rig.Other("zap", async t =>
        {
            await Encl.ZapPtes(t, 0, 0, 1);
            order.Add("zap");
        }, atNs: 300);
        rig.User("fault", async t =>
        {
            await Encl.VmaFault(t, mm, 0, 1);
            order.Add("fault");
        }, atNs: 400);
        rig.Run();
        string[] behind = ["age", "zap", "fault"];
        Assert.Equal(hasWriter ? ["reader", "writer", .. behind] : [.. behind, "reader"], order);
    }

    [Fact]
    public void Readers_get_the_lock_together_up_to_the_next_writer_and_a_writer_gets_it_alone()
    {
        KernelRig rig = new();
        ActorId mm = rig.Mm().Id;
        List<string> order = [];
        rig.User("first", async t =>
        {
            await rig.Build(t, 1);
            await t.Ask(mm, new AddressSpaceProtocol.BeginFork());
            await t.Sleep(1000);
            await t.Ask(mm, new AddressSpaceProtocol.EndFork());
        });
        for (int i = 0; i < 5; i++)
        {
            bool writes = i == 2;
            string name = $"{(writes ? "w" : "r")}{i}";
            rig.User(name, async t =>
            {
                if (writes)
                {
                    await t.Ask(mm, new AddressSpaceProtocol.BeginFork());
                }
                else
                {
                    await t.Ask(mm, new AddressSpaceProtocol.BeginFault());
                }

                order.Add($"+{name}");
                await t.Sleep(100);
                order.Add($"-{name}");
                if (writes)
                {
                    await t.Ask(mm, new AddressSpaceProtocol.EndFork());
                }
                else
                {
                    await t.Ask(mm, new AddressSpaceProtocol.EndFault());
                }
            }, atNs: 100 + i);
        }

        rig.Run();
        Assert.Equal(["+r0", "+r1", "-r0", "-r1", "+w2", "-w2", "+r3", "+r4", "-r3", "-r4"], order);
    }

    [Fact]
    public void A_look_at_a_page_that_waits_for_the_lock_of_a_process_that_leaves_is_made_before_its_tables_go()
    {
        KernelRig rig = new();
        ActorId mm = rig.Mm().Id;
        AgeResult age = AgeResult.Gone;
        AgeResult late = AgeResult.Old;
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await rig.Touch(t, 0);
            await t.Ask(mm, new AddressSpaceProtocol.BeginFork());
            await t.Sleep(1000);
            await t.Ask(mm, new AddressSpaceProtocol.BeginExit());
            await t.Ask(mm, new AddressSpaceProtocol.EndFork());
        });
        AddressSpaceProtocol.AgePage look = new() { Page = 0 };
        rig.Other("age", async t => age = (await t.Ask(mm, look)).Result, atNs: 100);
        rig.Other("late", async t => late = (await t.Ask(mm, look)).Result, atNs: 2000);
        rig.Run();
        Assert.Equal((AgeResult.Young, AgeResult.Gone), (age, late));
    }

    [Fact]
    public void A_fault_outside_any_VMA_is_SIGSEGV_and_one_in_a_VMA_without_enclave_SIGBUS()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            Assert.Equal(FaultResult.Sigsegv, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
            await rig.Build(t, 1);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
            await t.Ask(rig.Mm().Id, new AddressSpaceProtocol.LoseEnclave());
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
        });
        rig.Run();
    }
}
