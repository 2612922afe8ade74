using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using static EpcActors.Tests.OracleTests.PlantedRun;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// Each rule sees its defect: the defect is planted, that rule and no other is reported, and the same run without it is
/// clean.
/// </summary>
public sealed class SafetyRuleTests
{
    [Fact]
    public void A_page_that_is_freed_twice() =>
        Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task =>
            {
                EpcPageIndex page = await Take(task);
                await Free(task, page);
                await Free(task, page);
            }),
            Rules.PageConservation,
            Rules.NodeList);

    [Fact]
    public void A_page_that_is_taken_and_dropped()
    {
        IReadOnlyList<ViolationReport> found = Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task => await Take(task)),
            Rules.PageConservation);
        Assert.Contains("saboteur has ended and still has 1 EPC pages", found[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_is_dropped_is_seen_when_the_run_is_cut_off_too()
    {
        Scenario cut = Roomy(durationNs: 10 * Ms);
        Expect(cut, run => run.Sabotage(5 * Ms, async task => await Take(task)), Rules.PageConservation);
    }

    [Fact]
    public void A_page_of_one_enclave_that_another_takes_as_a_va_page()
    {
        Scenario cut = Roomy(durationNs: 10 * Ms);
        Expect(
            cut,
            run => run.Sabotage(5 * Ms, async task => await task.Ask(
                run.Topology.Enclaves[1].Enclave.Id, new EnclaveProtocol.LinkVaPage { VaPage = Resident(run, 0, 12) })),
            Rules.PageConservation);
    }

    [Fact]
    public void A_page_that_is_nowhere_although_no_message_dropped_it()
    {
        Scenario cut = Roomy(durationNs: 10 * Ms);
        IReadOnlyList<ViolationReport> found = Execute(cut, run => run.Sabotage(5 * Ms, task =>
            {
                // Behind the back of every message: the page array forgets a page.
                run.Topology.Enclaves[0].Enclave.Entries[12] = EnclavePage.Absent;
                return default;
            })).Violations;
        Assert.Contains(found, v =>
            v.Rule == Rules.PageConservation
            && v.Detail.Contains("the first that is nowhere: epc:", StringComparison.Ordinal));
    }

    [Fact]
    public void A_counter_that_is_changed_without_a_page()
    {
        IReadOnlyList<ViolationReport> found = Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, task => Count(task, 1)),
            Rules.FreePageCounter);
        Assert.Contains("saboteur changes sgx_nr_free_pages by +1", found[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_is_taken_and_never_counted() =>
        Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task =>
            {
                EpcPageIndex page = await Take(task, counts: false);
                await Free(task, page);
            }),
            Rules.FreePageCounter);

    [Fact]
    public void The_racy_counter_and_both_accesses_of_the_race()
    {
        KernelSwitches racy = new() { FreePageCounter = FreePageCounterMode.Racy };
        IReadOnlyList<ViolationReport> found = Execute(Tight(racy, durationNs: 100 * Ms, accesses: 2000)).Violations;
        ViolationReport drift = Assert.Single(found, v => v.Rule == Rules.FreePageCounter);
        Assert.Matches(
            @"off the free lists: (\S+) loaded \d+ at [0-9.]+ \w+, (?!\1 )\S+ stored \d+ at [0-9.]+ \w+, "
                + @"then \1 stored \d+ over it",
            drift.Detail);
        Assert.Empty(Execute(Tight(durationNs: 100 * Ms, accesses: 2000)).Violations);
        Assert.Empty(
            Execute(
                Tight(new KernelSwitches { FreePageCounter = FreePageCounterMode.PerNode }, 100 * Ms, 2000)
            ).Violations);
    }

    [Fact]
    public void A_charge_that_is_given_back_once_too_often() =>
        Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task => await task.Ask(
                run.Topology.Cgroups[1].Id, new CgroupProtocol.Uncharge { Bytes = KernelConstants.PageSize })),
            Rules.CgroupUsage);

    [Fact]
    public void A_charge_that_is_never_given_back() =>
        Expect(
            Roomy(durationNs: 10 * Ms),
            run => run.Sabotage(5 * Ms, async task => await task.Ask(
                run.Topology.Cgroups[1].Id, new CgroupProtocol.Charge { Bytes = KernelConstants.PageSize })),
            Rules.CgroupUsage);

    [Fact]
    public void A_page_whose_descriptor_names_another_cgroup() =>
        Expect(
            Roomy(durationNs: 10 * Ms),
            run => run.Sabotage(5 * Ms, task =>
            {
                // A VA page is on no list: only the usage is wrong.
                run.Topology.Enclaves[0].Enclave.VaPages.ForEach(page => run.Topology.Machine.Pages[page].Cgroup = 2);
                return default;
            }),
            Rules.CgroupUsage);

    [Fact]
    public void A_charge_above_the_limit_that_is_accepted()
    {
        // C1: in 32 bits, a page more than 4 GiB is one page.
        const long Charged = (4L << 30) + 4096;
        Scenario wide = Big(new KernelSwitches());
        Scenario narrow = Big(new KernelSwitches { WideUsage = Fix.Absent });
        Assert.Empty(Execute(wide, Plant).Violations);
        IReadOnlyList<ViolationReport> found = Execute(narrow, Plant).Violations;
        Assert.Equal(Rules.CgroupLimit, Assert.Single(found).Rule);

        static Scenario Big(KernelSwitches switches) =>
            Make([], [new NodeSpec(4, [1 << 20])], switches) with
            {
                Cgroups =
                [
                    new CgroupSpec("/", -1, Limit.Max, Limit.Max),
                    new CgroupSpec("/a", 0, Limit.OfBytes(5L << 29), Limit.Max),
                ],
            };

        static void Plant(TimedRun run) => run.Sabotage(5 * Ms, async task =>
        {
            ActorId cgroup = run.Topology.Cgroups[1].Id;
            CgroupProtocol.Charge charge = await task.Ask(cgroup, new CgroupProtocol.Charge { Bytes = Charged });
            if (charge.Result == LevelCharge.Over)
            {
                await task.Ask(
                    run.Topology.Cgroups[1].Id,
                    new CgroupProtocol.CountMaxEvent { IsLocal = true, IsHierarchical = true });
            }

            await task.Ask(run.Topology.Cgroups[1].Id, new CgroupProtocol.Uncharge { Bytes = Charged });
        });
    }

    [Fact]
    public void A_listed_page_without_the_tracked_flag() =>
        Expect(
            Roomy(durationNs: 10 * Ms),
            run => run.Sabotage(5 * Ms, task =>
            {
                run.Topology.Machine.Pages[Resident(run, 0, 12)].Flags &= ~EpcPageFlags.ReclaimerTracked;
                return default;
            }),
            Rules.LruMembership);

    [Fact]
    public void A_listed_page_that_no_enclave_has()
    {
        IReadOnlyList<ViolationReport> found = Expect(
            Roomy(durationNs: 10 * Ms),
            run => run.Sabotage(5 * Ms, async task =>
            {
                EpcPageIndex page = await Take(task);
                await task.Ask(run.Topology.Cgroups[0].Id, new CgroupProtocol.AddToLru { Page = page });
                await task.Sleep(100 * Ms);
            }),
            Rules.LruMembership);
        Assert.Contains("tracked", found[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void An_isolated_page_that_is_never_put_back() =>
        Expect(Roomy(durationNs: 10 * Ms), run => run.Sabotage(5 * Ms, async task =>
                {
                    await task.Ask(run.Topology.Cgroups[1].Id, new CgroupProtocol.BeginIsolate());
                    await task.Ask(
                        run.Topology.Cgroups[1].Id,
                        new CgroupProtocol.EndIsolate { Forget = EpcPageIndex.None });
                }), Rules.LruMembership);

    [Fact]
    public void An_entry_that_is_erased_although_it_does_not_exist() =>
        Expect(
            Roomy(durationNs: 10 * Ms),
            run => run.Sabotage(5 * Ms, async task =>
            {
                ActorId enclave = run.Topology.Enclaves[0].Enclave.Id;
                await task.Ask(enclave, new EnclaveProtocol.LockAndErase { Page = 127 });
                await task.Ask(enclave, new EnclaveProtocol.Unlock());
            }),
            Rules.SecsChildCount);

    [Fact]
    public void A_va_slot_that_is_taken_for_nothing() =>
        Expect(
            Roomy(durationNs: 10 * Ms),
            run => run.Sabotage(5 * Ms, async task =>
            {
                ActorId enclave = run.Topology.Enclaves[0].Enclave.Id;
                await task.Ask(enclave, new EnclaveProtocol.LockForWrite { Page = 127 });
                await task.Ask(enclave, new EnclaveProtocol.Unlock());
            }),
            Rules.VaSlots);

    [Fact]
    public void A_pcmd_record_that_is_cleared_while_its_page_is_swapped_out()
    {
        // Cut off before the threads that died of it leave the others without progress.
        (RunEnd _, TimedRun _, IReadOnlyList<ViolationReport> found) = Execute(
            Tight(durationNs: 45 * Ms, accesses: -1),
            run => run.Sabotage(30 * Ms, async task =>
                {
                    foreach (EnclaveActors enclave in run.Topology.Enclaves)
                    {
                        for (int page = 0; page < enclave.Enclave.Entries.PageCount; page++)
                        {
                            if (enclave.Enclave.Entries[page].State == EnclavePageState.Swapped)
                            {
                                await task.Ask(
                                    enclave.Backing.Id,
                                    new BackingStoreProtocol.FinishLoad { Index = page, KeepAll = true });
                            }
                        }
                    }
                }));
        ViolationReport contents = Assert.Single(found);
        Assert.Equal(Rules.Contents, contents.Rule);
        Assert.Contains("its PCMD nothing", contents.Detail, StringComparison.Ordinal);
        Assert.Empty(Execute(Tight(durationNs: 45 * Ms, accesses: -1)).Violations);
    }

    [Fact]
    public void Backing_that_is_charged_twice() =>
        Expect(
            Tight(durationNs: 50 * Ms, accesses: -1),
            run => run.Sabotage(5 * Ms, async task => await task.Ask(
                run.Topology.MemoryCgroups[1].Id, new MemoryCgroupProtocol.ChargeMemory { Pages = 1 })),
            Rules.BackingCharge);

    [Fact]
    public void Backing_that_is_uncharged_too_much() =>
        Expect(
            Tight(durationNs: 50 * Ms, accesses: -1),
            run => run.Sabotage(30 * Ms, async task => await task.Ask(
                run.Topology.MemoryCgroups[1].Id, new MemoryCgroupProtocol.UnchargeMemory { Pages = 3 })),
            Rules.BackingCharge);

    [Fact]
    public void Backing_that_goes_away_without_being_uncharged() =>
        Expect(
            Tight(durationNs: 50 * Ms, accesses: 0),
            run => run.Sabotage(1 * Ms, async task =>
            {
                // Contents of a page that no task will load again: the file shrinks, the charge stays.
                BackingStoreProtocol.PinBacking pin = await task.Ask(
                    run.Topology.Enclaves[0].Backing.Id,
                    new BackingStoreProtocol.PinBacking { Index = 250, Payer = 0, ChargedPages = 2 });
                Assert.Equal(0, pin.MissingPages);
            }),
            Rules.BackingCharge,
            Rules.BackingLeak);

    [Fact]
    public void Backing_that_stays_behind_a_page_that_is_not_swapped_out() =>
        Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task =>
            {
                // Paid for, all the way up.
                await task.Ask(run.Topology.MemoryCgroups[0].Id, new MemoryCgroupProtocol.ChargeMemory { Pages = 2 });
                await task.Sleep(40 * Ms);
                await task.Ask(
                    run.Topology.Enclaves[0].Backing.Id,
                    new BackingStoreProtocol.PinBacking { Index = 3, Payer = 0, ChargedPages = 2 });
            }),
            Rules.BackingLeak);

    [Fact]
    public void What_is_written_to_a_page_that_was_truncated() =>
        Expect(
            Roomy(durationNs: 10 * Ms),
            run => run.Sabotage(5 * Ms, async task => await task.Ask(
                run.Topology.Enclaves[0].Backing.Id, new BackingStoreProtocol.WriteBacking { Index = 3, Version = 1 })),
            Rules.Contents);

    [Fact]
    public void An_enclave_that_is_used_after_its_release() =>
        Expect(
            Roomy(),
            run =>
                run.Sabotage(50 * Ms, async task =>
                    await task.Ask(run.Topology.Enclaves[0].Enclave.Id, new EnclaveProtocol.ReadMm())),
            Rules.UseAfterFree);

    [Fact]
    public void A_cgroup_that_is_used_after_it_was_freed() =>
        Expect(
            Roomy(durationNs: 10 * Ms),
            run => run.Sabotage(5 * Ms, async task =>
            {
                await task.Ask(run.Topology.Machine.CgroupTree, new CgroupTreeProtocol.RemoveCgroup { Cgroup = 2 });
                await task.Ask(run.Topology.Cgroups[2].Id, new CgroupProtocol.ReadUsage());
            }),
            Rules.UseAfterFree);

    [Fact]
    public void A_page_that_EREMOVE_refused()
    {
        IReadOnlyList<ViolationReport> found = Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task =>
            {
                EpcPageIndex page = await Take(task);
                task.Report((int)RunEvent.PageLeaked, task.NowNs, page.Value);
            }),
            Rules.PageConservation);
        Assert.Contains("EREMOVE refuses epc:", found[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_translation_to_the_page_of_another() =>
        Expect(
            Roomy(durationNs: 10 * Ms),
            run =>
                run.Sabotage(5 * Ms, async task =>
                    await task.Ask(
                        run.Topology.Enclaves[0].Mm.Id,
                        new AddressSpaceProtocol.InsertPte { Page = 12, EpcPage = Resident(run, 1, 12) })),
            Rules.ForeignPte);

    [Fact]
    public void A_page_that_is_freed_while_the_processor_still_has_it() =>
        Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task =>
            {
                EpcPageIndex page = await Take(task);
                task.Machine.Pages[page].Epcm = Epcm.Valid;
                await Free(task, page);
            }),
            Rules.EpcmValid);

    [Fact]
    public void A_poisoned_page_that_is_allocated_again()
    {
        // R17: the task that frees it does not look at the mark.
        Scenario empty = Make([], [new NodeSpec(4, [64])], durationNs: 10 * Ms);
        Assert.Empty(Execute(empty, run => Plant(run, ignoresPoison: false)).Violations);
        ViolationReport reuse = Assert.Single(Execute(empty, run => Plant(run, ignoresPoison: true)).Violations);
        Assert.Equal(Rules.PoisonReuse, reuse.Rule);
        Assert.Contains("saboteur allocates epc:0, which is poisoned", reuse.Detail, StringComparison.Ordinal);

        static void Plant(TimedRun run, bool ignoresPoison) => run.Sabotage(1 * Ms, async task =>
            {
                EpcPageIndex page = await Take(task);
                await task.Ask(task.Machine.Nodes[0], new NumaNodeProtocol.PoisonPage { Page = page });
                await task.Ask(
                    task.Machine.Nodes[0],
                    new NumaNodeProtocol.FreePage { Page = page, IgnorePoison = ignoresPoison });
                await Count(task, 1);
                List<EpcPageIndex> all = [];
                for (int i = 0; i < (ignoresPoison ? 64 : 63); i++)
                {
                    all.Add(await Take(task));
                }

                foreach (EpcPageIndex one in all)
                {
                    await Free(task, one);
                }
            });
    }

    [Fact]
    public void Eaug_without_a_secs()
    {
        // R7: the enclave sleeps outside until all of it, its SECS included, was evicted by another.
        Expect(Sleeper(Fix.Present), Sleeper(Fix.Absent), null, Rules.WrongfulSignal);

        static Scenario Sleeper(Fix loadsSecs) =>
            Make(
                [
                    Enclave("sleeper", 64, [new StepSpec.Pause(40 * Ms), new StepSpec.Touch(AccessKind.Write, 0)]) with
                    {
                        AddedHeapPages = 0,
                    },
                    Enclave("busy", 512, [Uniform(4000)]),
                ],
                [new NodeSpec(4, [256])],
                new KernelSwitches { EaugLoadsSecs = loadsSecs });
    }

    [Fact]
    public void An_audit_of_a_huge_epc_touches_nothing_and_takes_no_time()
    {
        // 1 TiB in eight sections; 1 % of a second would do on any machine. An audit that loses the processor for
        // longer than the bound says nothing: one that goes through all pages is above it however often it is made.
        Scenario huge = Make(
            [Enclave("a", 64, [new StepSpec.Touch(AccessKind.Write, 0)])],
            [new NodeSpec(4, [1 << 26, 1 << 26]), new NodeSpec(4, [1 << 26, 1 << 26])]);
        TimedRun run = new(huge, "test", null);
        run.Execute(CancellationToken.None);
        Assert.Empty(run.Oracle.Violations);
        long before = run.Topology.Machine.Pages.AllocatedBytes;
        TimeSpan took = TimeSpan.Zero;
        bool isFast = SpinWait.SpinUntil(
            () =>
            {
                long started = System.Diagnostics.Stopwatch.GetTimestamp();
                run.Oracle.Audit(0, atRest: true);
                took = System.Diagnostics.Stopwatch.GetElapsedTime(started);
                return took < TimeSpan.FromMilliseconds(500);
            },
            TimeSpan.FromMinutes(1));
        Assert.Equal(before, run.Topology.Machine.Pages.AllocatedBytes);
        Assert.True(before < 64 << 20, $"{before} bytes of descriptors for {run.Topology.Machine.CapacityPages} pages");
        Assert.True(isFast, $"an audit took {took.TotalMilliseconds} ms");
        Assert.Empty(run.Oracle.Violations);
    }

    private static async Routine<EpcPageIndex> Take(Saboteur task, bool counts = true)
    {
        NumaNodeProtocol.TakePage take = await task.Ask(task.Machine.Nodes[0], new NumaNodeProtocol.TakePage());
        if (counts)
        {
            await Count(task, -1);
        }

        // Every allocator looks what it leaves; in an empty machine there is nothing to wake ksgxd for.
        await task.Ask(task.Machine.FreePageCounter, new FreePageCounterProtocol.ReadPages());
        await task.Ask(task.Machine.Cgroups[0], new CgroupProtocol.ReadLru());
        return take.Page;
    }

    private static async Routine Free(Saboteur task, EpcPageIndex page)
    {
        await task.Ask(task.Machine.Nodes[task.Machine.NodeOf(page)], new NumaNodeProtocol.FreePage { Page = page });
        await Count(task, 1);
    }

    private static async Routine Count(Saboteur task, long pages) =>
        await task.Ask(task.Machine.FreePageCounter, new FreePageCounterProtocol.AddPages { Pages = pages });

    private static EpcPageIndex Resident(TimedRun run, int enclave, int page)
    {
        EpcPageIndex epcPage = run.Topology.Enclaves[enclave].Enclave.Entries[page].EpcPage;
        Assert.False(epcPage.IsNone);
        return epcPage;
    }
}
