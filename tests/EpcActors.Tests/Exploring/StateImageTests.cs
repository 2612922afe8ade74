using System.Collections;
using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Routines;
using EpcActors.Scenarios;
using EpcActors.Tests.Kernel;
using Activity = EpcActors.Kernel.Activity;
using Mutex = EpcActors.Engine.Mutex;

namespace EpcActors.Tests.Exploring;

public sealed partial class StateImageTests
{
    private const long LimitNs = 20_000_000_000;

    [Fact]
    public void A_run_leaves_a_state_that_is_brought_back_and_the_next_run_is_the_same()
    {
        Topology topology = Small();
        List<object> roots = Roots(topology);
        StateImage image = StateImage.Take(roots, [topology.Machine.Pages]);
        ulong[] before = Fingerprints(image);
        ulong whole = image.Fingerprint();

        (RunEnd firstEnd, long firstSteps, ulong firstHash) = Run(topology);
        Assert.Equal(RunEnd.Finished, firstEnd);
        Assert.True(firstSteps > 100);
        Assert.NotEqual(whole, image.Fingerprint());
        ulong after = image.Fingerprint();
        Reset(topology);
        image.Restore();
        Assert.Equal(before, Fingerprints(image));
        Assert.Equal(whole, image.Fingerprint());

        Assert.Equal((firstEnd, firstSteps, firstHash), Run(topology));
        Assert.Equal(after, image.Fingerprint());
        Reset(topology);
        for (int i = 0; i < roots.Count; i++)
        {
            image.MarkDirty(i);
        }

        image.RestoreDirty();
        Assert.Equal(before, Fingerprints(image));
        Assert.Equal((firstEnd, firstSteps, firstHash), Run(topology));
    }

    [Fact]
    public void A_fresh_topology_of_the_same_scenario_has_the_same_fingerprint()
    {
        Topology one = Small();
        Topology other = Small();
        Assert.Equal(
            StateImage.Take(Roots(one), [one.Machine.Pages]).Fingerprint(),
            StateImage.Take(Roots(other), [other.Machine.Pages]).Fingerprint());
    }

    [Fact]
    public void Only_what_is_dirty_is_restored_and_what_is_shared_always()
    {
        Topology topology = Small();
        List<object> roots = Roots(topology);
        StateImage image = StateImage.Take(roots, [topology.Machine.Pages]);
        ulong[] before = Fingerprints(image);
        Run(topology);
        Reset(topology);
        int dirty = roots.IndexOf(topology.Enclaves[0].Backing);
        image.MarkDirty(dirty);
        image.MarkDirty(dirty);
        Assert.True(image.IsDirty(dirty));
        ulong[] after = Fingerprints(image);
        image.RestoreDirty();
        Assert.False(image.IsDirty(dirty));
        ulong[] restored = Fingerprints(image);
        for (int i = 0; i <= image.SharedIndex; i++)
        {
            Assert.Equal(i == dirty || i == image.SharedIndex ? before[i] : after[i], restored[i]);
        }
    }

    [Fact]
    public void Restoring_and_comparing_allocate_nothing()
    {
        Topology topology = Small();
        StateImage image = StateImage.Take(Roots(topology), [topology.Machine.Pages]);
        Run(topology);
        Reset(topology);
        for (int i = 0; i < 3; i++)
        {
            image.Fingerprint();
            image.Restore();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        image.Fingerprint();
        image.Restore();
        image.MarkDirty(0);
        image.RestoreDirty();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Room_to_spare_and_order_in_hashed_containers_are_no_state()
    {
        Containers one = new();
        Containers other = new();
        one.Numbers.AddRange([1, 2, 3]);
        one.Names.Add("a");
        other.Names.Capacity = 100;
        other.Names.Add("a");
        other.Numbers.AddRange([1, 2, 3, 4, 5, 6, 7, 8]);
        other.Numbers.RemoveRange(3, 5);
        for (int i = 0; i < 20; i++)
        {
            one.ById.Add(i, $"{i}");
            other.ById.Add(19 - i, $"{19 - i}");
            one.Members.Add(i);
            other.Members.Add(19 - i);
            one.Bag.Add(i);
            other.Bag.Add(19 - i);
        }

        one.Line.Enqueue(5);
        other.Line.Enqueue(4);
        other.Line.Enqueue(5);
        other.Line.Dequeue();
        Assert.Equal(Of(one), Of(other));
        ulong before = Of(one);
        one.ById[3] = "4";
        one.ById[4] = "3";
        Assert.NotEqual(before, Of(one));
        one.ById[3] = "3";
        one.ById[4] = "4";
        Assert.Equal(before, Of(one));
        (one.Numbers[0], one.Numbers[1]) = (one.Numbers[1], one.Numbers[0]);
        Assert.NotEqual(before, Of(one));
    }

    [Fact]
    public void Objects_made_since_are_dropped_and_grown_containers_get_their_old_insides()
    {
        Containers containers = new();
        containers.Numbers.Add(1);
        containers.Next = new Containers();
        StateImage image = StateImage.Take([containers]);
        Containers next = containers.Next;
        for (int i = 0; i < 1000; i++)
        {
            containers.Numbers.Add(i);
            containers.ById.Add(i, "x");
            containers.Members.Add(i);
            containers.Line.Enqueue(i);
            next.Names.Add("y");
        }

        containers.Next = new Containers();
        image.MarkDirty(0);
        image.RestoreDirty();
        Assert.Equal([1], containers.Numbers);
        Assert.Empty(containers.ById);
        Assert.Empty(containers.Members);
        Assert.Empty(containers.Line);
        Assert.Same(next, containers.Next);
        Assert.Empty(next.Names);
        containers.ById.Add(1, "z");
        Assert.Equal("z", containers.ById[1]);
    }

    [Fact]
    public void What_two_roots_reach_is_in_the_shared_partition()
    {
        Containers common = new();
        Containers one = new() { Next = common };
        Containers other = new() { Next = common };
        StateImage image = StateImage.Take([one, other]);
        ulong[] before = Fingerprints(image);
        common.Numbers.Add(1);
        ulong[] after = Fingerprints(image);
        Assert.Equal(before[0], after[0]);
        Assert.Equal(before[1], after[1]);
        Assert.NotEqual(before[2], after[2]);
        image.RestoreDirty();
        Assert.Empty(common.Numbers);
        one.Next = null;
        Assert.NotEqual(before[0], image.Fingerprint(0));
    }

    [Theory]
    [InlineData(typeof(WithFrameworkClass))]
    [InlineData(typeof(WithTable))]
    [InlineData(typeof(WithHandle))]
    [InlineData(typeof(WithHiddenFrameworkClass))]
    public void A_field_of_an_unknown_kind_throws(Type type) =>
        Assert.Throws<InvariantViolation>(() => StateImage.Take([Activator.CreateInstance(type)!]));

    [Fact]
    public void An_image_is_not_taken_while_a_request_waits()
    {
        Topology topology = Small();
        Run(topology, limitNs: 2_000_000);
        Assert.Throws<InvariantViolation>(() => StateImage.Take(Roots(topology)));
    }

    internal static Topology Small(int threads = 2, int heap = 8, long maxPages = 7) =>
        new(
            TestScenarios.Make(
                new KernelSwitches { EpcCgroup = EpcCgroupMode.On },
                [new NodeSpec(2, [32]), new NodeSpec(2, [32])],
                [
                    new EnclaveSpec
                    {
                        Name = "a",
                        Cgroup = 2,
                        CodePages = 1,
                        HeapPages = heap,
                        AddedHeapPages = heap / 2,
                        Threads = threads,
                        Steps =
                        [
                            new StepSpec.Touch(AccessKind.Write, 100),
                            new StepSpec.Touch(AccessKind.Write, 100),
                            new StepSpec.Fork([]),
                            new StepSpec.ChangeType(),
                        ],
                    },
                ],
                [
                    new VirtualMachineSpec
                    {
                        Name = "vm",
                        Cgroup = 1,
                        Pages = 4,
                        TouchedPages = 3,
                    },
                ],
                [
                    new CgroupSpec("/", -1, Limit.Max, Limit.Max),
                    new CgroupSpec("/a", 0, Limit.Max, Limit.Max),
                    new CgroupSpec("/a/b", 1, Limit.OfBytes(maxPages * KernelConstants.PageSize), Limit.Max),
                ]));

    internal static List<object> Roots(Topology topology) =>
        [.. topology.Resources, .. topology.Tasks.Select(one => one.Task)];

    private static TimedEngine Engine(Topology topology)
    {
        long[] costs = new long[Activities.Count];
        Array.Fill(costs, 700);
        TimedEngine engine = new(new CostTable(costs, costs, 1000), 0, 1, 0);
        foreach (Resource resource in topology.Resources)
        {
            engine.Add(resource);
        }

        foreach ((TaskActor task, long startNs) in topology.Tasks)
        {
            engine.Add(task);
            if (startNs >= 0)
            {
                engine.Start(task, startNs);
            }
        }

        return engine;
    }

    private static (RunEnd End, long Steps, ulong Hash) Run(Topology topology, long limitNs = LimitNs)
    {
        foreach (Resource resource in topology.Resources)
        {
            resource.BusyUntilNs = 0;
        }

        TimedEngine engine = Engine(topology);
        RunEnd end = engine.Run(limitNs, CancellationToken.None);
        return (end, engine.Steps, engine.HashValue);
    }

    private static void Reset(Topology topology)
    {
        foreach ((TaskActor task, long _) in topology.Tasks)
        {
            task.Reset();
        }
    }

    private static ulong[] Fingerprints(StateImage image) =>
        [.. Enumerable.Range(0, image.SharedIndex + 1).Select(image.Fingerprint)];

    private static ulong Of(object root) => StateImage.Take([root]).Fingerprint();

    private sealed class Containers
    {
        public List<int> Numbers { get; } = [];

        public List<string> Names { get; } = [];

        public Dictionary<int, string> ById { get; } = [];

        public HashSet<int> Members { get; } = [];

        public Queue<int> Line { get; } = [];

        [Unordered]
        public List<int> Bag { get; } = [];

        public Containers? Next { get; set; }
    }

#pragma warning disable CS0169, CA1823, CS0649, CS0414 // No code uses these fields: the test looks at them.
    private sealed class WithFrameworkClass
    {
        private readonly System.Text.StringBuilder _text = new();
    }

    private sealed class WithTable
    {
        private readonly int[,] _table = new int[2, 2];
    }

    private sealed class WithHandle
    {
        private nint _handle;
    }

    private sealed class WithHiddenFrameworkClass
    {
        private readonly object _hidden = new SortedList<int, int>();
    }
#pragma warning restore CS0169, CA1823, CS0649, CS0414
}
