using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Tasks;
using EpcActors.TestKit;

namespace EpcActors.TestKit.Example;

/// <summary>
/// A controller that trims misc.max of a cgroup to what it uses. The usage that it read may be old when it writes;
/// misc.max takes any number and evicts nothing, so the cgroup ends above its limit. Reading once more after the write,
/// and raising the limit if need be, closes it: the second look sees each charge that was made under the old limit.
/// </summary>
public sealed class LimitTrimmerTests
{
    [Fact]
    public void A_trimmer_that_reads_and_writes_leaves_a_cgroup_above_its_limit()
    {
        FoundRace race = Trimmed(ReadThenWrite).Expect("finally usage(/a) <= max(/a)");
        Assert.Equal("usage(/a) is 2, max(/a) is 1", race.Detail);
    }

    [Theory]
    [InlineData("epc-cgroup-v8")]
    [InlineData("epc-cgroup-v17")]
    public void A_trimmer_that_looks_again_does_not(string kernel) =>
        Trimmed(ReadWriteReadAgain).On(kernel).Exhaustive().Check();

    [Fact]
    public void On_v8_a_limit_without_room_and_without_a_worker_makes_a_thread_fault_for_ever() =>
        TrimmedUnderFaults.Expect("liveness");

    [Fact]
    public void With_a_worker_it_gets_its_page() =>
        TrimmedUnderFaults.Set("epc.race.workers", "on").Strategy("pos", "fair-pct3").Schedules(2_000).Check();

    /// <summary>
    /// The better trimmer against a page fault instead of an allocation. v8 does not reclaim on a fault, it wakes the
    /// cgroup's worker.
    /// </summary>
    private static RaceTest TrimmedUnderFaults => RaceTest.Of(race => race
        .Node(epcPages: 8)
        .Cgroup("/a", maxPages: 6)
        .Enclave("a", pages: 4, cgroup: "/a")
        .Setup("a: build 2")
        .Task("CPU0", "a", "write 2")
        .Task("trimmer", "", ReadWriteReadAgain)
        .Property("finally usage(/a) <= max(/a)")
        .Show("usage(/a)", "max(/a)")).On("epc-cgroup-v8");

    private static RaceTest Trimmed(Func<RaceTask, Routine<Errno>> trimmer) => RaceTest.Of(race => race
        .Node(epcPages: 8)
        .Cgroup("/a", maxPages: 6)
        .Setup("CPU0: allocate")
        .Task("CPU0", "/a", "allocate")
        .Task("trimmer", "", trimmer)
        .Property("finally usage(/a) <= max(/a)", "sometimes max(/a) <= 1")
        .Show("usage(/a)", "max(/a)"));

    private static async Routine<Errno> ReadThenWrite(RaceTask task)
    {
        CgroupProtocol.ReadUsage seen = await task.Ask(task.Cgroup("/a"), new CgroupProtocol.ReadUsage());
        OperationResult write = await task.Do($"set-max /a {seen.Usage / 4096} pages");
        return write.Errno;
    }

    private static async Routine<Errno> ReadWriteReadAgain(RaceTask task)
    {
        CgroupProtocol.ReadUsage before = await task.Ask(task.Cgroup("/a"), new CgroupProtocol.ReadUsage());
        OperationResult write = await task.Do($"set-max /a {before.Usage / 4096} pages");
        CgroupProtocol.ReadUsage after = await task.Ask(task.Cgroup("/a"), new CgroupProtocol.ReadUsage());
        if (after.Usage > before.Usage)
        {
            write = await task.Do($"set-max /a {after.Usage / 4096} pages");
        }

        return write.Errno;
    }
}
