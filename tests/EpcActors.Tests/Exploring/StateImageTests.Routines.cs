using System.Collections;
using System.Reflection;
using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Kernel;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios;
using EpcActors.Tests.Kernel;
using Activity = EpcActors.Kernel.Activity;
using Mutex = EpcActors.Engine.Mutex;

namespace EpcActors.Tests.Exploring;

/// <content>Suspended routines in an image.</content>
public sealed partial class StateImageTests
{
    [Fact]
    public void Places_in_routines_differ_and_equal_places_are_equal()
    {
        (List<ulong> one, List<List<string>> stacks) = Places(local: 0);
        (List<ulong> again, _) = Places(local: 0);
        (List<ulong> other, _) = Places(local: 1);
        Assert.Equal(one, again);
        Assert.Equal(5, one.Distinct().Count());

        // Before the start and after the end there are no locals.
        Assert.Equal((one[0], one[4]), (other[0], other[4]));
        Assert.NotEqual(one[1], other[1]);
        Assert.NotEqual(one[2], other[2]);
        Assert.NotEqual(one[3], other[3]);
        Assert.Equal([[], ["Run", "Outer", "Outer.Local"], ["Run", "Outer"], ["Run"], []], stacks);

        static (List<ulong> Places, List<List<string>> Stacks) Places(int local)
        {
            KernelRig rig = new();
            StateImage image = StateImage.Take(rig.Topology.Resources);
            TestTask task = new(new ActorId(200), rig.Machine) { Local = local };
            rig.Engine.Add(task);
            List<ulong> places = [];
            List<List<string>> stacks = [];
            Look();
            rig.Engine.Start(task, 0);
            for (int i = 0; i < 4; i++)
            {
                rig.Engine.Run(500 + (i * 1000), CancellationToken.None);
                Look();
            }

            return (places, stacks);

            void Look()
            {
                places.Add(image.FingerprintContinuation(task));
                List<RoutineMethod> stack = [];
                StateImage.DescribeStack(task, stack);
                stacks.Add([.. stack.Select(method => method.Name)]);
            }
        }
    }

    [Fact]
    public void All_routines_of_the_kernel_can_be_fingerprinted_wherever_they_wait()
    {
        Topology topology = Small();
        StateImage image = StateImage.Take(Roots(topology), [topology.Machine.Pages]);
        TimedEngine engine = Engine(topology);
        HashSet<string> methods = [];
        HashSet<ulong> places = [];
        List<RoutineMethod> stack = [];
        for (long at = 0; at < 4_000_000; at += 1_500)
        {
            if (engine.Run(at, CancellationToken.None) != RunEnd.TimeLimit)
            {
                break;
            }

            foreach ((TaskActor task, long _) in topology.Tasks)
            {
                places.Add(image.FingerprintContinuation(task));
                stack.Clear();
                StateImage.DescribeStack(task, stack);
                methods.UnionWith(stack.Select(method => method.Name));
            }
        }

        string[] expected =
            ["Run", "Build", "AddPages", "Access", "VmaFault", "TryCharge", "ReclaimSubtree", "ReclaimPages"];
        Assert.True(methods.IsSupersetOf(expected), string.Join(' ', methods));
        Assert.True(places.Count > 100);
    }

    [Fact]
    public void Names_of_state_machines()
    {
        Assert.Equal(
            "Run",
            RoutineNames.Of(
                typeof(Ksgxd)
                    .GetNestedTypes(BindingFlags.NonPublic)
                    .Single(type => type.Name.StartsWith("<Run>", StringComparison.Ordinal))).Name);
    }

    private sealed class TestTask(ActorId id, Machine machine)
        : KernelTask(id, "test", -1, 0, machine, TaskKind.Other, ActorId.None)
    {
        public int Local { get; init; }

        protected override async Routine Run()
        {
            int local = Local;
            await Outer(Machine, local);
            await Sleep(1000);
            Report(RunEvent.Phase, local);
        }

        private async Routine Outer(Machine machine, int local)
        {
            ForReport<int> start = Environment.TickCount;
            await Local(machine.NodeCount);
            await Sleep(1000);
            Report(RunEvent.Phase, local + start);

            async Routine Local(int count) => await Sleep(1000 * count);
        }
    }

    private sealed class NoDriver : IEngineDriver
    {
        public void Post(Envelope envelope)
        {
        }

        public bool Spend(TaskActor task, int activity, long ns) => true;

        public bool SpendCost(TaskActor task, int activity, int count, bool remote) => true;

        public bool Sleep(TaskActor task, long ns) => true;

        public long NowNs(TaskActor task) => 0;

        public void Start(TaskActor task, long afterNs)
        {
        }

        public bool Choose(TaskActor task, int point) => false;

        public void Report(TaskActor task, int what, long startNs, long detail)
        {
        }

        public void Stopped(TaskActor task, Exception? error)
        {
        }
    }
}
