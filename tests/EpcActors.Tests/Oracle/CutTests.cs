using System.Reflection;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;
using EpcActors.Tests.Kernel;
using static EpcActors.Tests.OracleTests.PlantedRun;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// The oracle of live runs, on runs that can be repeated: at a consistent cut it raises no false alarm, and sees what
/// is planted.
/// </summary>
public sealed class CutTests
{
    private const int SeedsPerKernel = 8;

    [Theory]
    [MemberData(nameof(FalseAlarmTests.Kernels), MemberType = typeof(FalseAlarmTests))]
    public void Random_scenarios_break_no_rule_at_any_cut(string kernel)
    {
        int cuts = 0;
        int forced = 0;
        for (ulong seed = 1; seed <= SeedsPerKernel; seed++)
        {
            SharedRun run = new(
                FalseAlarmTests.Random(seed, FalseAlarmTests.Switches(kernel)),
                stepNs: 20_000 * (long)seed);
            RunEnd end = run.Execute();
            IReadOnlyList<ViolationReport> found = WithoutR19(run);
            Assert.True(found.Count == 0, $"kernel {kernel}, seed {seed}, {end}: {string.Join("; ", found)}");
            cuts += run.Cuts;
            forced += run.ForcedVisits;
        }

        Assert.True(cuts > 20 * SeedsPerKernel, $"{cuts} cuts");
        Assert.True(forced > cuts, $"{forced} visits were forced in {cuts} cuts");
    }

    [Fact]
    public void Small_scenarios_with_everything_in_them_break_no_rule_at_any_cut()
    {
        for (ulong seed = 1; seed <= 24; seed++)
        {
            SharedRun run = new(ScenarioPropertyTests.Generate(seed), stepNs: 3_000 + (500 * (long)seed));
            RunEnd end = run.Execute();
            IReadOnlyList<ViolationReport> found = WithoutR19(run);
            Assert.True(found.Count == 0, $"seed {seed}, {end}: {string.Join("; ", found)}");
        }
    }

    [Trait("tier", "slow")] // Whole scenarios, with cuts all the time.
    [Theory]
    [InlineData("noisy-neighbour", "epc-cgroup-v8", 1)]
    [InlineData("noisy-neighbour", "epc-cgroup-v17", 2)]
    [InlineData("noisy-neighbour", "linux-6.16", 3)]
    [InlineData("oom-kill-or-enomem", "epc-cgroup-v5", 1)]
    [InlineData("oom-kill-or-enomem", "epc-cgroup-v8", 2)]
    [InlineData("backing-memory", "epc-cgroup-v8", 1)]
    [InlineData("backing-memory", "epc-cgroup-v8", 2)]
    [InlineData("sgx2-storm", "epc-cgroup-v8", 1)]
    [InlineData("sgx2-storm", "linux-6.16-r9-r10-fixed", 2)]
    [InlineData("sgx2-storm", "epc-cgroup-v16", 3)]
    [InlineData("vepc", "epc-cgroup-v8", 1)]
    [InlineData("limit-lowered", "epc-cgroup-v17", 1)]
    [InlineData("free-page-counter", "linux-5.15-atomic-counter", 1)]
    [InlineData("free-page-counter", "linux-5.15-per-node-counter", 1)]
    public void Shipped_scenarios_break_at_cuts_what_they_break_at_an_instant(string file, string kernel, int seed)
    {
        Scenario scenario = Shipped(file, kernel, seed);
        SharedRun run = new(scenario, stepNs: 1_000_000, auditsBetween: false);
        run.Execute();
        Assert.Equal(run.Simulated.Violations.Select(one => one.Rule), run.Oracle.Violations.Select(one => one.Rule));
        Assert.True(run.Cuts > 2, $"{run.Cuts} cuts");
    }

    [Fact]
    public void A_cut_that_ignores_its_rule_sees_effects_without_causes()
    {
        SharedRun run = new(Tight(accesses: 2000), stepNs: 20_000, keepsRule: false, auditsBetween: false);
        run.Execute();
        Assert.Contains(run.Oracle.Violations, one => one.Rule is Rules.PageConservation or Rules.CgroupUsage);

        SharedRun kept = new(Tight(accesses: 2000), stepNs: 20_000, auditsBetween: false);
        kept.Execute();
        Assert.Empty(kept.Oracle.Violations);
    }

    [Fact]
    public void A_page_that_is_nowhere()
    {
        int lost = -1;
        IReadOnlyList<ViolationReport> found = Plant(
            run =>
            {
                Enclave enclave = run.Topology.Enclaves[0].Enclave;
                lost = enclave.Entries[12].EpcPage.Value;
                enclave.Entries[12] = EnclavePage.Absent;
            },
            Rules.PageConservation,
            Rules.CgroupUsage,
            Rules.SecsChildCount);
        Assert.EndsWith($"1 are nowhere: epc:{lost}", found[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_in_two_places() =>
        Plant(
            run => run.Topology.Enclaves[0].Enclave.Entries[12] = run.Topology.Enclaves[1].Enclave.Entries[12],
            Rules.PageConservation);

    [Fact]
    public void A_charge_that_is_lost() =>
        Plant(run => Change(run.Topology.Cgroups[1], "UsageBytes", -4096L), Rules.CgroupUsage);

    [Fact]
    public void A_page_whose_descriptor_names_another_cgroup() =>
        Plant(
            run =>
                run.Topology.Enclaves[0].Enclave.VaPages.ForEach(page => run.Topology.Machine.Pages[page].Cgroup = 2),
            Rules.CgroupUsage);

    [Fact]
    public void A_va_slot_that_is_leaked() =>
        Plant(run => run.Topology.Enclaves[0].Enclave.VaPages.TakeSlot(), Rules.VaSlots);

    [Fact]
    public void A_counter_that_has_drifted() =>
        Plant(run => Change(run.Topology.FreePageCounter, "Pages", 1L), Rules.FreePageCounter);

    [Fact]
    public void A_counter_of_a_node_that_has_drifted() =>
        Plant(
            run => Change(run.Topology.Nodes[0], "OwnCounter", 1L),
            new KernelSwitches { FreePageCounter = FreePageCounterMode.PerNode },
            Rules.FreePageCounter);

    [Fact]
    public void Backing_that_is_charged_to_no_cgroup() =>
        Plant(run => Change(run.Topology.MemoryCgroups[0], "UsagePages", 1L), Rules.BackingCharge);

    [Fact]
    public void A_listed_page_without_its_flag() =>
        Plant(
            run =>
                run.Topology.Machine.Pages[run.Topology.Enclaves[0].Enclave.Entries[12].EpcPage].Flags &=
                    ~EpcPageFlags.ReclaimerTracked,
            Rules.LruMembership);

    [Fact]
    public void A_page_that_comes_into_two_hands_is_seen_at_the_step()
    {
        SharedRun run = new(Roomy(durationNs: 10 * Ms), stepNs: 50 * Ms);
        EpcPageIndex page = EpcPageIndex.None;
        run.Sabotage(5 * Ms, async task =>
        {
            NumaNodeProtocol.TakePage take = await task.Ask(task.Machine.Nodes[0], new NumaNodeProtocol.TakePage());
            page = take.Page;
            await task.Ask(task.Machine.FreePageCounter, new FreePageCounterProtocol.AddPages { Pages = -1 });

            // An entry that still names it.
            Enclave enclave = run.Topology.Enclaves[0].Enclave;
            enclave.Entries[120] = enclave.Entries[120].WithEpcPage(take.Page);
            await task.Sleep(100 * Ms);
        });
        run.Sabotage(6 * Ms, async task =>
        {
            await task.Ask(run.Topology.Enclaves[0].Enclave.Id, new EnclaveProtocol.LockAndErase { Page = 120 });
            await task.Sleep(100 * Ms);
        });
        run.Execute(auditsAtEnd: false);
        ViolationReport found = Assert.Single(run.Oracle.Violations);
        Assert.Equal(Rules.PageConservation, found.Rule);
        Assert.Equal($"{page}, removed by saboteur, is in the hands of saboteur", found.Detail);
    }

    [Fact]
    public void A_lost_update_of_the_racy_counter_is_seen_at_the_store_without_a_look_at_the_lists()
    {
        KernelSwitches racy = new() { FreePageCounter = FreePageCounterMode.Racy };
        SharedRun run = new(Tight(racy, durationNs: 100 * Ms, accesses: 2000), stepNs: 200 * Ms);
        run.Execute(auditsAtEnd: false);
        ViolationReport drift = Assert.Single(run.Oracle.Violations, one => one.Rule == Rules.FreePageCounter);
        Assert.Matches(
            @"off the free lists: (\S+) loaded \d+ at [0-9.]+ \w+, (?!\1 )\S+ stored \d+ at [0-9.]+ \w+, "
                + @"then \1 stored \d+ over it",
            drift.Detail);

        // One goes by what was overwritten, the other by the lists, and they tell the same.
        Assert.Equal(
            Assert.Single(run.Simulated.Violations, one => one.Rule == Rules.FreePageCounter).Detail,
            drift.Detail);
    }

    [Fact]
    public void A_run_without_progress_is_hopeless_when_the_finding_has_held_for_a_while()
    {
        // R1's reproducer: all threads fault, ksgxd sleeps.
        SharedRun run = new(Shipped("free-page-counter", "linux-5.15", 1), stepNs: 1_000_000, auditsBetween: false);
        Assert.Equal(RunEnd.Stopped, run.Execute());
        Assert.True(run.Oracle.IsHopeless);
        Assert.Contains(run.Oracle.Violations, one => one.Rule == Rules.Liveness);
        Assert.Null(run.Oracle.KsgxdShareOfStall(run.Engine.ClockNs));
    }

    [Fact]
    public void A_cut_visits_every_resource_once_and_one_follows_the_other()
    {
        SharedRun run = new(Roomy(), stepNs: 1000 * Ms);
        CutAudit cut = run.Oracle.BeginCut();
        Assert.Throws<InvariantViolation>(() => run.Oracle.BeginCut());
        Assert.Throws<InvariantViolation>(() => cut.Finish(0));
        foreach (Resource resource in run.Topology.Resources)
        {
            Assert.False(cut.IsComplete);
            cut.Visit(resource);
            Assert.Throws<InvariantViolation>(() => cut.Visit(resource));
        }

        Assert.True(cut.IsComplete);
        cut.Finish(0);
        Assert.Throws<InvariantViolation>(() => cut.Finish(0));
        Assert.Empty(run.Oracle.Violations);

        // A run that ends drops its cut: the audit at the end begins anew.
        CutAudit dropped = run.Oracle.BeginCut();
        dropped.Visit(run.Topology.Resources[0]);
        run.Oracle.Audit(0, atRest: true);
        Assert.Throws<InvariantViolation>(() => dropped.Visit(run.Topology.Resources[1]));
        Assert.Empty(run.Oracle.Violations);
        Assert.Throws<InvariantViolation>(() => new Oracle(run.Topology, 1).BeginCut());
    }

    private static IReadOnlyList<ViolationReport> Plant(Action<SharedRun> defect, params string[] rules) =>
        Plant(defect, new KernelSwitches(), rules);

    /// <summary>
    /// The defect is planted behind the back of every message, while a cut may be under way: only a cut can see it.
    /// </summary>
    private static IReadOnlyList<ViolationReport> Plant(
        Action<SharedRun> defect,
        KernelSwitches switches,
        params string[] rules)
    {
        SharedRun run = new(Roomy(switches, durationNs: 10 * Ms), stepNs: 50_000, auditsBetween: false);
        run.Sabotage(5 * Ms, _ =>
        {
            Assert.Empty(run.Oracle.Violations);
            defect(run);
            return default;
        });
        run.Execute(auditsAtEnd: false);
        Assert.Equal(
            rules.Order(StringComparer.Ordinal),
            run.Oracle.Violations.Select(one => one.Rule).Order(StringComparer.Ordinal));
        return run.Oracle.Violations;
    }

    private static void Change(object owner, string property, long by)
    {
        PropertyInfo info = owner.GetType().GetProperty(property, BindingFlags.Instance | BindingFlags.Public)!;
        info.SetValue(owner, (long)info.GetValue(owner)! + by);
    }

    private static Scenario Shipped(string file, string kernel, int seed)
    {
        List<KeyValuePair<string, string>> overrides =
        [
            KeyValuePair.Create("epc.kernel", kernel),
            KeyValuePair.Create("epc.seed", seed.ToString()),
            KeyValuePair.Create("epc.run.slowdown", "off"),
            KeyValuePair.Create("epc.run.duration", "200 ms"),
        ];
        return ScenarioLoader.Load(
            Loading.RepositoryPath($"config/scenarios/{file}.conf"),
            overrides,
            null,
            ConfigEnvironment.Default);
    }

    private static IReadOnlyList<ViolationReport> WithoutR19(SharedRun run) =>
        [
            .. run.Oracle.Violations.Where(v =>
                v.Rule != Rules.PoisonReuse || !v.Detail.Contains("EWB on", StringComparison.Ordinal)),
        ];
}
