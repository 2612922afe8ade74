using System.Runtime.CompilerServices;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using static EpcActors.Tests.OracleTests.PlantedRun;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// Rules on what the processor and the resources do by themselves, which no message of a task can break: a
/// <see cref="Meddler"/> makes their state or their answer what defective code would make it. That rule and no other is
/// reported.
/// </summary>
public sealed class ProcessorRuleTests
{
    [Fact]
    public void A_touch_that_does_not_set_the_accessed_bit()
    {
        IReadOnlyList<ViolationReport> found = Meddle(Tight(), run => Meddler.BreakState(run, (envelope, resource) =>
            envelope is Envelope<AddressSpaceProtocol.Access> { Message: { Result: AccessResult.Hit } touch }
                ? SetAccessed((AddressSpace)resource, touch.Page, false)
                : null));
        ViolationReport only = Assert.Single(found);
        Assert.Equal(Rules.AccessedBit, only.Rule);
        Assert.Contains("touches page", only.Detail, StringComparison.Ordinal);
        Assert.EndsWith("the accessed bit of its translation is not set", only.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_look_at_the_age_that_leaves_the_accessed_bit()
    {
        IReadOnlyList<ViolationReport> found = Meddle(Tight(), run => Meddler.BreakState(run, (envelope, resource) =>
            envelope is Envelope<AddressSpaceProtocol.AgePage> { Message: { Result: AgeResult.Young } age }
                ? SetAccessed((AddressSpace)resource, age.Page, true)
                : null));
        ViolationReport only = Assert.Single(found);
        Assert.Equal(Rules.AccessedBit, only.Rule);
        Assert.Contains("finds it young, and its accessed bit stays set", only.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_translation_that_the_zap_left_over()
    {
        IReadOnlyList<ViolationReport> found = Meddle(Tight(), run => Meddler.BreakState(run, (envelope, resource) =>
        {
            if (envelope is not Envelope<EnclaveProtocol.Ewb> { Message: { Result: LeafResult.Done } ewb }
                || ewb.Page == ((Enclave)resource).Entries.PageCount)
            {
                return null;
            }

            int enclave = ((Enclave)resource).Index;
            AddressSpace mm = run.Topology.AddressSpaces.First(one => one.Enclave == enclave).Mm;
            if (mm.IsGone)
            {
                return null;
            }

            mm.Ptes[ewb.Page] = Pte.Of(ewb.EpcPage, accessed: false);
            return () => mm.Ptes[ewb.Page] = Pte.None;
        }));
        ViolationReport only = Assert.Single(found);
        Assert.Equal(Rules.TranslationAtEwb, only.Rule);
        Assert.Contains(" maps it", only.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_comes_back_in_another_state()
    {
        IReadOnlyList<ViolationReport> found = Meddle(Tight(), run => Meddler.BreakState(run, (envelope, resource) =>
        {
            if (envelope is not Envelope<EnclaveProtocol.Eldu> { Message: var eldu } || eldu.HasFailed
                || eldu.Page == ((Enclave)resource).Entries.PageCount)
            {
                return null;
            }

            EpcPageTable pages = run.Topology.Machine.Pages;
            EpcmEntry.Set(ref pages[eldu.EpcPage], Epcm.Pending);
            return () =>
            {
                EpcmEntry seen = EpcmEntry.Read(ref pages[eldu.EpcPage]);
                EpcmEntry.TryChange(ref pages[eldu.EpcPage], seen, seen.State & ~Epcm.Pending);
            };
        }));
        ViolationReport only = Assert.Single(found);
        Assert.Equal(Rules.EpcmReload, only.Rule);
        Assert.Contains("the EPCM says Valid, Pending, and said Valid", only.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LevelCharge.Fits)]
    [InlineData(LevelCharge.Over)]
    public void A_peak_that_no_accepted_charge_made(LevelCharge at)
    {
        // The charge that is refused would make 96 pages and one.
        Scenario limited = Tight() with
        {
            Cgroups =
            [
                new CgroupSpec("/", -1, Limit.Max, Limit.Max),
                new CgroupSpec("/a", 0, Limit.OfBytes(96 * KernelConstants.PageSize), Limit.Max),
            ],
        };
        IReadOnlyList<ViolationReport> found = Meddle(limited, run => Meddler.BreakState(run, (envelope, resource) =>
        {
            if (envelope is not Envelope<CgroupProtocol.Charge> { Message: var charge } || charge.Result != at)
            {
                return null;
            }

            Cgroup cgroup = (Cgroup)resource;
            long before = cgroup.PeakBytes;
            PeakOf(cgroup, before + KernelConstants.PageSize);
            return () => PeakOf(cgroup, before);
        }));
        ViolationReport only = Assert.Single(found);
        Assert.Equal(Rules.CgroupPeak, only.Rule);
        Assert.Contains(
            at == LevelCharge.Fits ? "that was accepted" : "that was refused", only.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secs_that_stays_behind_its_last_child()
    {
        // The first enclave sleeps until the second has pushed all of it out.
        Scenario scenario = Make(
            [
                Enclave("sleeper", 8, [new StepSpec.Pause(200 * Ms)]),
                Enclave("busy", 192, [Uniform(2_000)]),
            ],
            [new NodeSpec(4, [128])]);
        IReadOnlyList<ViolationReport> found = Meddle(
            scenario,
            run => Meddler.BreakAnswer(run, (ref EnclaveProtocol.FinishWrite finish, TaskActor _) =>
            {
                bool isLast = finish.CanWriteSecs;
                finish.CanWriteSecs = false;
                return isLast;
            }));
        ViolationReport only = Assert.Single(found);
        Assert.Equal(Rules.SecsEviction, only.Rule);
        Assert.Contains(
            "wrote out the last resident child of enclave:sleeper, which is initialised, and left its SECS where it is",
            only.Detail,
            StringComparison.Ordinal);
    }

    /// <summary>It sees 32 pages more than the oracle saw it being told, and so stops at the low mark.</summary>
    [Fact]
    public void Ksgxd_goes_to_sleep_at_the_low_mark()
    {
        // One thread that works between its faults: ksgxd keeps up with it.
        Scenario scenario = Make([Enclave("a", 400, [Uniform(2_000, workNs: 50_000)])], [new NodeSpec(4, [320])]);
        IReadOnlyList<ViolationReport> found = Meddle(
            scenario,
            run => Meddler.BreakAnswer(run, (ref FreePageCounterProtocol.ReadPages read, TaskActor caller) =>
            {
                bool isKsgxd = caller is Ksgxd;
                read.Pages += isKsgxd ? KernelConstants.NrHighPages - KernelConstants.NrLowPages : 0;
                return isKsgxd;
            }));
        ViolationReport only = Assert.Single(found);
        Assert.Equal(Rules.KsgxdMarks, only.Rule);
        Assert.Matches(
            "^ksgxd goes to sleep although it saw (3[2-9]|[45][0-9]|6[0-3]) free pages, fewer than 64", only.Detail);
    }

    private static IReadOnlyList<ViolationReport> Meddle(Scenario scenario, Func<TimedRun, Meddler> how)
    {
        (RunEnd _, TimedRun _, IReadOnlyList<ViolationReport> none) = Execute(scenario);
        Assert.Empty(none);
        Meddler? meddler = null;
        (RunEnd _, TimedRun _, IReadOnlyList<ViolationReport> found) = Execute(scenario, run => meddler = how(run));
        Assert.True(meddler!.Count > 0, "the run does not come to what is to be broken");
        return found;
    }

    private static Action SetAccessed(AddressSpace mm, int page, bool isAccessed)
    {
        mm.Ptes[page] = mm.Ptes[page].WithAccessed(isAccessed);
        return () => mm.Ptes[page] = mm.Ptes[page].WithAccessed(!isAccessed);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_PeakBytes")]
    private static extern void PeakOf(Cgroup cgroup, long bytes);
}
