using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.VirtualEpcs;

namespace EpcActors.Tests.Sharing;

/// <summary>
/// Page descriptors under actors on different threads (docs/decisions/0012): each test does what two of them may do to
/// one page at once, and looks for what a plain read-modify-write would lose.
/// </summary>
[Trait("tier", "slow")] // Threads that meet often enough need many rounds.
public sealed class DescriptorStressTests
{
    private const int Rounds = 200;
    private const int Pages = 128;
    private const int Chunk = 16_384;

    [Fact]
    public void Those_who_touch_a_chunk_first_get_one_chunk()
    {
        const int Chunks = 4;
        EpcPageTable table = new(0);
        Action[] parts = [.. Enumerable.Range(0, 3).Select(part => (Action)(() =>
        {
            for (int chunk = 0; chunk < Chunks; chunk++)
            {
                table[(chunk * Chunk) + part].Owner = part;
            }
        }))];
        SideBySide.Run(
            200,
            () => table = new EpcPageTable(Chunks * Chunk),
            () =>
            {
                for (int chunk = 0; chunk < Chunks; chunk++)
                {
                    Assert.Equal(
                        [0, 1, 2, -1],
                        Enumerable.Range(0, 4).Select(page => table[(chunk * Chunk) + page].Owner));
                }
            },
            parts);
    }

    [Fact]
    public void Changes_of_one_entry_lose_nothing_of_each_other_and_nothing_of_the_owner()
    {
        EpcPageTable table = new(1);
        table[0].Epcm = Epcm.Valid;
        SideBySide.Run(20, null, null, () => Toggle(Epcm.Pending), () => Toggle(Epcm.Blocked), Hold);

        void Toggle(Epcm bit)
        {
            ref EpcPage page = ref table[0];
            for (int i = 0; i < 5_000; i++)
            {
                EpcmEntry.Set(ref page, bit);
                EpcmEntry seen = EpcmEntry.Read(ref page);
                while (true)
                {
                    Assert.True(seen.Has(bit) && seen.IsValid);
                    if (EpcmEntry.TryChange(ref page, seen, seen.State & ~bit))
                    {
                        break;
                    }

                    seen = EpcmEntry.Read(ref page);
                }

                Assert.False(EpcmEntry.Read(ref page).Has(bit));
            }
        }

        // Who has the page writes its fields one by one meanwhile.
        void Hold()
        {
            ref EpcPage page = ref table[0];
            for (int i = 0; i < 5_000; i++)
            {
                page.Cgroup = (ushort)i;
                page.Flags |= EpcPageFlags.ReclaimerTracked;
                page.Owner = i;
                Assert.True(page.Cgroup == i && page.IsTracked && page.Owner == i);
                page.Flags &= ~EpcPageFlags.ReclaimerTracked;
                Assert.False(page.IsTracked);
            }
        }
    }

    [Fact]
    public void Eblock_and_eaccept_of_one_page_both_count()
    {
        Rig rig = new();
        bool[] isAccepted = new bool[Pages];
        SideBySide.Run(
            Rounds,
            () => rig.Reset(Epcm.Valid | Epcm.Modified),
            () => rig.ForEach(page =>
                Assert.Equal(Epcm.Valid | Epcm.Blocked | (isAccepted[page] ? 0 : Epcm.Modified), rig.Table[page].Epcm)),
            () => rig.ForEach(0, page => isAccepted[page] = rig.Accept(page)),
            () => rig.ForEach(1, page => rig.Block(page)));
    }

    [Fact]
    public void Emodt_and_eaccept_of_one_page_come_one_after_the_other()
    {
        Rig rig = new();
        rig.Lock();
        bool[] isModified = new bool[Pages];
        SideBySide.Run(
            Rounds,
            () =>
            {
                // Half of the pages wait for an EACCEPT already: EMODT is refused when it comes first.
                rig.Reset(Epcm.Valid);
                rig.ForEach(page => rig.Table[page].Epcm |= page % 2 == 0 ? Epcm.Modified : Epcm.None);
            },
            () =>
                rig.ForEach(page =>
                {
                    Assert.True(isModified[page] || page % 2 == 0);
                    Assert.Equal(
                        Epcm.Valid | (isModified[page] ? Epcm.Trim : Epcm.None),
                        rig.Table[page].Epcm & ~Epcm.Modified);
                }),
            () => rig.ForEach(0, page => rig.Accept(page)),
            () => rig.ForEach(1, page => isModified[page] = rig.Trim(page)));
    }

    [Fact]
    public void A_page_that_goes_to_another_enclave_is_accepted_no_more()
    {
        // A translation that should not be there any more (R10): EREMOVE, the free list, and the page waits for the
        // EACCEPT of another enclave.
        Rig rig = new();
        SideBySide.Run(
            Rounds,
            () => rig.Reset(Epcm.Valid | Epcm.Pending),
            () =>
                rig.ForEach(page =>
                    Assert.Equal(
                        (Epcm.Valid | Epcm.Pending, 1_000_000 + page),
                        (rig.Table[page].Epcm, rig.Table[page].Owner))),
            () => rig.ForEach(0, page => rig.Accept(page)),
            () => rig.ForEach(1, page =>
            {
                ref EpcPage descriptor = ref rig.Table[page];
                descriptor.Epcm = Epcm.None;
                descriptor.Owner = -1;
                descriptor.Epcm = Epcm.Valid | Epcm.Pending;
                descriptor.Owner = 1_000_000 + page;
            }));
    }

    [Fact]
    public void A_secs_of_a_guest_counts_the_children_that_it_has()
    {
        Machine machine = new(new KernelSwitches(), [(0, 2 * Pages)], 1);
        EpcPageTable table = machine.Pages;
        VirtualEpc secs = Filled("secs", 0);
        VirtualEpc children = Filled("children", Pages);
        LoneTurn first = new(1);
        LoneTurn second = new(2);
        bool[] isRemoved = new bool[Pages];
        Meetings meetings = new();
        SideBySide.Run(
            Rounds,
            () =>
            {
                for (int page = 0; page < Pages; page++)
                {
                    table[page].Epcm = Epcm.None;
                    table[page].Owner = -1;
                    table[Pages + page].Epcm = Epcm.None;
                    table[Pages + page].Owner = -1;
                    VirtualEpcProtocol.GuestUse use = new() { Index = page, Secs = page };
                    secs.Handle(ref use, first);
                    VirtualEpcProtocol.GuestUse child = new()
                    {
                        Index = page,
                        Secs = -1,
                        ForeignSecs = new EpcPageIndex(page),
                    };
                    children.Handle(ref child, first);
                }
            },
            () =>
            {
                for (int page = 0; page < Pages; page++)
                {
                    // Either the SECS went between its children, or it has the second one now.
                    bool hasChild = table[Pages + page].Epcm == Epcm.Valid;
                    Assert.Equal(!isRemoved[page], hasChild);
                    Assert.Equal(
                        isRemoved[page] ? (Epcm.None, -1) : (Epcm.Valid | Epcm.Secs, -3),
                        (table[page].Epcm, table[page].Owner));
                }
            },
            () =>
            {
                for (int page = 0; page < Pages; page++)
                {
                    meetings.Meet(0);
                    VirtualEpcProtocol.EremoveGuestPage remove = new() { Index = page };
                    secs.Handle(ref remove, first);
                    isRemoved[page] = !remove.HasChildren;
                }
            },
            () =>
            {
                for (int page = 0; page < Pages; page++)
                {
                    meetings.Meet(1);
                    VirtualEpcProtocol.EremoveGuestPage remove = new() { Index = page };
                    children.Handle(ref remove, second);
                    VirtualEpcProtocol.GuestUse child = new()
                    {
                        Index = page,
                        Secs = -1,
                        ForeignSecs = new EpcPageIndex(page),
                    };
                    children.Handle(ref child, second);
                }
            });

        VirtualEpc Filled(string name, int firstPage)
        {
            VirtualEpc vepc = new(new ActorId(10 + firstPage), name, machine, Pages);
            LoneTurn turn = new(3);
            for (int page = 0; page < Pages; page++)
            {
                VirtualEpcProtocol.LockAndLookUp look = new() { Index = page };
                vepc.Handle(ref look, turn);
                VirtualEpcProtocol.StoreAndUnlock store = new()
                {
                    Index = page,
                    EpcPage = new EpcPageIndex(firstPage + page),
                };
                vepc.Handle(ref store, turn);
            }

            return vepc;
        }
    }

    [Fact]
    public void A_memory_failure_leaves_the_flags_of_a_page_to_who_has_it()
    {
        EpcPageTable table = new(Pages);
        NumaNode node = NewNode(table);
        Cgroup cgroup = NewCgroup(table);
        LoneTurn hardware = new(1);
        LoneTurn task = new(2);
        Meetings meetings = new();
        SideBySide.Run(
            Rounds,
            () =>
            {
                node = NewNode(table);
                for (int page = 0; page < Pages; page++)
                {
                    table[page] = new EpcPage
                    {
                        Next = -1,
                        Previous = -1,
                        Owner = -1,
                        Cgroup = EpcPage.NoCgroup,
                        Flags = EpcPageFlags.IsFree,
                    };
                    NumaNodeProtocol.TakePage take = new();
                    node.Handle(ref take, task);
                    Assert.Equal(page, take.Page.Value);
                    table[page].Cgroup = 1;
                }
            },
            () =>
            {
                for (int page = 0; page < Pages; page++)
                {
                    Assert.True(node.IsPoisoned(new EpcPageIndex(page)));
                    Assert.Equal(EpcPageFlags.None, table[page].Flags);
                    NumaNodeProtocol.FreePage free = new() { Page = new EpcPageIndex(page) };
                    node.Handle(ref free, task);
                }

                Assert.Equal((0, Pages, 0), (node.FreePages, node.PoisonedPages, cgroup.LruPages));
            },
            () =>
            {
                for (int page = 0; page < Pages; page++)
                {
                    meetings.Meet(0);
                    NumaNodeProtocol.PoisonPage poison = new() { Page = new EpcPageIndex(page) };
                    node.Handle(ref poison, hardware);
                    Assert.False(poison.WasFree || poison.WasPoisoned);
                }
            },
            () =>
            {
                for (int page = 0; page < Pages; page++)
                {
                    meetings.Meet(1);
                    CgroupProtocol.AddToLru add = new() { Page = new EpcPageIndex(page) };
                    cgroup.Handle(ref add, task);
                    CgroupProtocol.Unmark unmark = new() { Page = new EpcPageIndex(page) };
                    cgroup.Handle(ref unmark, task);
                    Assert.False(unmark.IsBusy);
                }
            });
    }

    [Fact]
    public void A_cgroup_takes_no_page_off_the_lists_of_others()
    {
        // A memory failure asks the cgroup to which the page was charged a moment ago; by now others list it, give it
        // back, get it, list it again.
        EpcPageTable table = new(4);
        NumaNode node = NewNode(table, 4);
        Cgroup asked = NewCgroup(table, 1);
        Cgroup other = NewCgroup(table, 2);
        LoneTurn hardware = new(1);
        LoneTurn task = new(2);
        const int Times = 1_000;
        Meetings meetings = new();
        SideBySide.Run(
            20,
            null,
            () =>
            {
                Assert.Equal((0, 0, 4), (asked.LruPages, other.LruPages, node.FreePages));
                Assert.Equal(4, CountFree(node));
            },
            () =>
            {
                for (int i = 0; i < 4 * Times; i++)
                {
                    if (i % 4 == 0)
                    {
                        meetings.Meet(0);
                    }

                    CgroupProtocol.Unmark unmark = new() { Page = new EpcPageIndex(i % 4) };
                    asked.Handle(ref unmark, hardware);
                    Assert.False(unmark.IsBusy);
                }
            },
            () =>
            {
                for (int i = 0; i < Times; i++)
                {
                    meetings.Meet(1);
                    PassOn(node, other, table, task);
                }
            });
    }

    private static void PassOn(NumaNode node, Cgroup cgroup, EpcPageTable table, LoneTurn task)
    {
        EpcPageIndex[] taken = new EpcPageIndex[4];
        for (int i = 0; i < taken.Length; i++)
        {
            NumaNodeProtocol.TakePage take = new();
            node.Handle(ref take, task);
            taken[i] = take.Page;
            table[take.Page].Cgroup = (ushort)cgroup.Index;
            CgroupProtocol.AddToLru add = new() { Page = take.Page };
            cgroup.Handle(ref add, task);
        }

        foreach (EpcPageIndex page in taken)
        {
            CgroupProtocol.Unmark unmark = new() { Page = page };
            cgroup.Handle(ref unmark, task);
            Assert.False(unmark.IsBusy);
            NumaNodeProtocol.FreePage free = new() { Page = page };
            node.Handle(ref free, task);
        }
    }

    private static int CountFree(NumaNode node)
    {
        int count = 0;
        node.ForEachFreeRun((first, end) => count += end - first);
        return count;
    }

    private static NumaNode NewNode(EpcPageTable table, int pages = Pages) =>
        new(new ActorId(1), 0, table, [(0, pages)], isSanitised: true);

    private static Cgroup NewCgroup(EpcPageTable table, int index = 1) =>
        new(new ActorId(1 + index), index, $"/{index}", table, Limit.Max, long.MaxValue, wideUsage: true);

    /// <summary>An enclave whose pages are all mapped, page by page, by one process.</summary>
    private sealed class Rig
    {
        private readonly Meetings _meetings = new();
        private readonly LoneTurn _user = new(1);
        private readonly LoneTurn _kernel = new(2);
        private readonly AddressSpace _mm;
        private readonly Enclave _enclave;

        public Rig()
        {
            Machine machine = new(new KernelSwitches(), [(0, Pages)], 1);
            Table = machine.Pages;
            _mm = new AddressSpace(new ActorId(1), "a", machine, Pages, 0);
            _enclave = new Enclave(new ActorId(2), 0, "a", machine, Pages, 0, []);
            ForEach(page =>
            {
                _enclave.Entries[page] = EnclavePage.Absent.WithEpcPage(new EpcPageIndex(page));
                AddressSpaceProtocol.InsertPte insert = new() { Page = page, EpcPage = new EpcPageIndex(page) };
                _mm.Handle(ref insert, _user);
            });
        }

        public EpcPageTable Table { get; }

        /// <summary>By one of two threads, page by page together with the other.</summary>
        public void ForEach(int part, Action<int> action) => ForEach(page =>
        {
            _meetings.Meet(part);
            action(page);
        });

        public void ForEach(Action<int> action)
        {
            for (int page = 0; page < Pages; page++)
            {
                action(page);
            }
        }

        public void Reset(Epcm epcm) => ForEach(page =>
        {
            Table[page].Owner = page;
            Table[page].Epcm = epcm;
        });

        public bool Accept(int page)
        {
            AddressSpaceProtocol.Access access = new() { Page = page, Kind = AccessKind.Eaccept };
            _mm.Handle(ref access, _user);
            return access.Result == AccessResult.Hit;
        }

        public void Block(int page)
        {
            EnclaveProtocol.BlockPage block = new() { Page = page, EpcPage = new EpcPageIndex(page) };
            _enclave.Handle(ref block, _kernel);
        }

        public void Lock()
        {
            EnclaveProtocol.Lock take = new();
            _enclave.Handle(ref take, _kernel);
        }

        public bool Trim(int page)
        {
            EnclaveProtocol.ModifyPage modify = new() { Page = page, To = EnclavePageType.Trim };
            _enclave.Handle(ref modify, _kernel);
            return !modify.HasFaulted && !modify.IsNotModifiable;
        }
    }
}
