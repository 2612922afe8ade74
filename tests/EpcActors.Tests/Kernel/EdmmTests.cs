using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Routines;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;
using EpcActors.Tests.Scenarios;

namespace EpcActors.Tests.Kernel;

/// <summary>EAUG in batches, MAP_POPULATE and fault-around: proposed changes of the kernel, off by default.</summary>
public sealed class EdmmTests
{
    private static KernelSwitches Upstream => KernelRig.Upstream;

    private static int[] Resident(KernelRig rig) =>
        [.. Enumerable.Range(0, 64).Where(page => rig.Enclave().Entries[page].State == EnclavePageState.Resident)];

    private static int[] Mapped(KernelRig rig) =>
        [.. Enumerable.Range(0, 64).Where(page => rig.Mm().Ptes[page].IsPresent)];

    private static int[] Young(KernelRig rig) =>
        [.. Enumerable.Range(0, 64).Where(page => rig.Mm().Ptes[page] is { IsPresent: true, IsAccessed: true })];

    [Fact]
    public void A_fault_augments_the_pages_behind_it_in_one_hold_of_the_mutex_and_leaves_them_old()
    {
        KernelRig rig = new(Upstream with { EaugBatch = 4 });
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 7));
            Assert.Equal([0, 7, 8, 9, 10, 11], Resident(rig));

            // 13 is there when the batch of 11 comes by; what is there is skipped and does not end it.
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 16));
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 14));
        });
        rig.Run();

        Assert.Equal([0, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20], Resident(rig));
        Assert.Equal([7, 14, 16], Young(rig));
        Assert.Equal([7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20], Mapped(rig));
        Assert.Equal(12, rig.Count<EnclaveProtocol.Eaug>());
        Assert.Equal(3, rig.Count<AddressSpaceProtocol.BeginFault>());
        Assert.Equal(3, rig.Count<EnclaveProtocol.LockAndReadPage>());
        Assert.All(rig.Steps.Select(step => step.Content).OfType<EnclaveProtocol.Eaug>(), eaug =>
            Assert.True((rig.Machine.Pages[eaug.EpcPage].Epcm & Epcm.Pending) != 0));
    }

    [Fact]
    public void A_batch_ends_with_the_VMA()
    {
        KernelRig rig = new(Upstream with { EaugBatch = 16 }, pages: 60);
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await Encl.VmaFault(t, rig.Mm().Id, 0, 57);
        });
        rig.Run();

        Assert.Equal([0, 57, 58, 59], Resident(rig));
    }

    /// <summary>Six pages: VA page, SECS, page 0, the page that faulted and two of the batch.</summary>
    [Fact]
    public void A_page_that_is_not_to_be_had_ends_the_batch_without_a_signal()
    {
        KernelRig rig = new(Upstream with { EaugBatch = 16 }, nodes: [new NodeSpec(1, [6])]);
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 5));
        });
        rig.Run();

        Assert.Equal([0, 5, 6, 7], Resident(rig));
        Assert.Equal(0, rig.FreePages);
    }

    [Fact]
    public void A_refused_charge_ends_the_batch_and_leaves_no_charge()
    {
        KernelSwitches switches = new() { EaugBatch = 16 };
        KernelRig rig = new(switches, nodes: [new NodeSpec(1, [64])]);
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await CgroupCore.WriteMiscMax(t, 1, Limit.OfPages(8));
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 5));
        });
        rig.Run();

        Assert.Equal([0, 5, 6, 7, 8, 9], Resident(rig));
        Assert.Equal(8 * KernelConstants.PageSize, rig.Topology.Cgroups[1].UsageBytes);
    }

    [Fact]
    public void A_fault_maps_the_resident_pages_of_its_window_and_loads_none()
    {
        KernelRig rig = new(Upstream with { FaultAround = 4 });
        rig.User("t", async t =>
        {
            await rig.Build(t, 10);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t, 1));
            Assert.Equal(EnclavePageState.Swapped, rig.Enclave().Entries[0].State);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 2));
            Assert.Equal([1, 2, 3], Mapped(rig));
            Assert.Equal([], Young(rig));
            await rig.Touch(t, 1);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
        });
        rig.Run();

        Assert.Equal([0, 1, 2, 3], Mapped(rig));
        Assert.Contains(1, Young(rig));
        Assert.Equal(1, rig.Count<EnclaveProtocol.Eldu>());
    }

    [Fact]
    public void A_page_that_waits_for_its_removal_is_not_mapped_around()
    {
        KernelRig rig = new(Upstream with { FaultAround = 8 });
        rig.User("t", async t =>
        {
            await rig.Build(t, 6);
            Assert.Equal(Errno.Ok, (await Ioctls.ModifyTypes(t, 0, 3, 1)).Errno);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 2));
        });
        rig.Run();

        Assert.Equal([0, 1, 2, 4, 5], Mapped(rig));
    }

    [Fact]
    public void MAP_POPULATE_augments_a_range_without_faults_until_the_EPC_is_full()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [32])]);
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await Encl.Populate(t, rig.Mm().Id, 0, 2, 50);
        });
        rig.Run();

        // Of 32 pages one is the VA page and one the SECS.
        Assert.Equal(Enumerable.Range(0, 30), Resident(rig));
        Assert.Equal(Enumerable.Range(2, 28), Mapped(rig));
        Assert.Equal([], Young(rig));
        Assert.Equal(28, rig.Count<EnclaveProtocol.Eaug>());
        Assert.Equal(2, rig.Count<AddressSpaceProtocol.BeginFault>());
    }

    /// <summary>Faults and load time of a heap that is touched once, by switches.</summary>
    [Fact]
    public void The_switches_move_the_faults_from_the_run_to_the_load()
    {
        RunReport plain = Touched(0, Upstream);
        RunReport batch = Touched(0, Upstream with { EaugBatch = 15 });
        RunReport populate = Touched(0, Upstream with { MapPopulate = Fix.Present });
        RunReport added = Touched(512, Upstream);
        RunReport around = Touched(512, Upstream with { FaultAround = 16 });

        Assert.Equal(512, Step(plain, "touch").Faults);
        Assert.True(Step(batch, "touch").TimeNs < Step(plain, "touch").TimeNs);
        Assert.Equal(Step(plain, "load").TimeNs, Step(batch, "load").TimeNs, Step(plain, "load").TimeNs * 0.01);
        Assert.True(Step(populate, "load").TimeNs > 5 * Step(plain, "load").TimeNs);
        Assert.True(Step(populate, "touch").TimeNs < Step(batch, "touch").TimeNs);
        Assert.Equal(512, Step(added, "touch").Faults);
        Assert.Equal(512 / 16, Step(around, "touch").Faults, 1.0);
    }

    private static RunReport Touched(int added, KernelSwitches switches)
    {
        Scenario scenario = TestScenario.One(2048, 512, new StepSpec.Touch(AccessKind.Write, 0));
        scenario = scenario with
        {
            Switches = switches,
            Enclaves = [scenario.Enclaves[0] with { AddedHeapPages = added }],
        };
        RunReport report = new ScenarioRunner(scenario, null).Run("", CancellationToken.None);
        Assert.Empty(report.Violations);
        return report;
    }

    private static StepReport Step(RunReport report, string name) =>
        report.Enclaves[0].Steps.Single(step => step.Name == name);

    /// <summary>The scenarios of <see cref="ScenarioPropertyTests"/> with the switches on.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Any_small_scenario_passes_with_the_switches_on(int part)
    {
        for (int seed = part; seed <= 96; seed += 8)
        {
            Scenario scenario = ScenarioPropertyTests.Generate((ulong)(1000 + seed));
            ScenarioPropertyTests.Check(scenario with
            {
                Switches = scenario.Switches with
                {
                    EaugBatch = seed % 3 == 0 ? 0 : 1 << (seed % 7),
                    FaultAround = seed % 4 == 0 ? 0 : 2 + (seed % 19),
                    MapPopulate = seed % 2 == 0 ? Fix.Present : Fix.Absent,
                },
            });
        }
    }

    [Theory]
    [InlineData("batch", false)]
    [InlineData("plain", false)]
    [InlineData("untolerated", true)]
    [InlineData("around", false)]
    public void No_order_breaks_a_rule_but_R9_reaches_further_with_a_batch(string variant, bool isBroken)
    {
        RaceDefinition race = RaceFile.Load(
            Loading.RepositoryPath("tests/EpcActors.Tests/Races/Cases/edmm.conf"), variant);
        HuntResult result = Hunt.Run(
            new HuntPlan { NewWorld = () => new RaceWorld(race.Scenario), MaxSchedules = 3000, Workers = 1 },
            null,
            CancellationToken.None);

        Assert.Equal(isBroken ? race.Rule : null, result.Found?.Finding.Rule);
    }
}
