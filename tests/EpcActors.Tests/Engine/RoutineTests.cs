using System.Runtime.CompilerServices;
using EpcActors.Engine;
using EpcActors.Engine.Simulation;

namespace EpcActors.Tests.EngineTests;

/// <summary>
/// The project's own awaitable: what completes at once makes no box, what waits goes into a pooled one, what fails
/// reaches the engine.
/// </summary>
[Collection(nameof(Alone))]
public sealed class RoutineTests
{
    [Fact]
    public void A_routine_that_waits_for_nothing_returns_its_value_at_once_and_allocates_nothing()
    {
        Assert.Equal(42, ValueOf(Add(40, 2)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        long sum = 0;
        for (int i = 0; i < 100_000; i++)
        {
            sum += ValueOf(Add(i, 1));
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.Equal(5_000_050_000, sum);
    }

    [Fact]
    public void Nested_routines_suspend_and_resume_with_their_values()
    {
        Bench bench = new();
        long result = 0;
        bench.Task(1, async task => result = await Three(task, bench.Id, 10));
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal(10 + 1 + 2 + 3 + 3, result);
        Assert.Equal([10, 11, 12], bench.Resource.Notes.Select(n => n.Value));
    }

    [Fact]
    public void A_hundred_thousand_steps_allocate_nothing()
    {
        // Two tasks in turns, so that every step goes through the event queue, suspends routines and takes their boxes
        // from the pool again. The first batches may allocate: the pool fills, and code that is not optimised yet boxes
        // awaiters.
        List<long> allocated = AllocatedByBatches(stepsPerBatch: 100_000, batches: 60);
        Assert.Contains(0, allocated);
        Assert.Equal(0, allocated[^1]);
    }

    [Fact]
    public void A_failure_deep_inside_reaches_the_engine_with_the_name_of_the_actor()
    {
        Bench bench = new();
        bench.Task(7, async task => await FailDeep(task, bench.Id, 5));
        InvariantViolation failure = Assert.Throws<InvariantViolation>(() => bench.Run());
        Assert.StartsWith("task-7 failed at ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("depth 0", failure.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(failure.InnerException);
    }

    [Fact]
    public void A_failure_before_the_first_await_reaches_the_engine_too()
    {
        Bench bench = new();
#pragma warning disable CS1998 // No await: that is the case under test.
        bench.Task(7, async task => throw new InvalidOperationException("at once"));
#pragma warning restore CS1998
        Assert.Contains(
            "task-7 failed at 0 ns",
            Assert.Throws<InvariantViolation>(() => bench.Run()).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_000_000)]
    public void A_failing_critical_section_names_the_actor_whether_the_task_or_the_event_loop_runs_it(long quantumNs)
    {
        Bench bench = new(quantumNs);
        bench.Task(3, Other);
        bench.Task(7, async task =>
        {
            // With a quantum of 0 the request waits in the event queue, since the other task is due before.
            await task.SpendCost(Costs.Short);
            await task.Ask(bench.Id, new Probe.Note());
            await task.Ask(bench.Id, new Probe.HoldFor());
            await task.Ask(bench.Id, new Probe.Fail());
        });
        InvariantViolation failure = Assert.Throws<InvariantViolation>(() => bench.Run());
        Assert.StartsWith("task-7 failed at ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("planted", failure.Message, StringComparison.Ordinal);

        static async Routine Other(ProbeTask task)
        {
            for (int i = 0; i < 1000; i++)
            {
                await task.SpendNs(Costs.Short, 7);
            }
        }
    }

    [Fact]
    public void A_message_without_a_handler_names_resource_and_message()
    {
        Bench bench = new();
        bench.Task(7, async task => await task.Ask(bench.Id, new Probe.Unheard()));
        Assert.Contains(
            "probe does not understand Unheard",
            Assert.Throws<InvariantViolation>(() => bench.Run()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_can_be_caught_by_the_routine_that_awaits()
    {
        Bench bench = new();
        string caught = "";
        bench.Task(1, async task =>
        {
            try
            {
                await FailDeep(task, bench.Id, 3);
            }
            catch (InvalidOperationException failure)
            {
                caught = failure.Message;
            }

            await task.Ask(bench.Id, new Probe.Note { Value = 99 });
        });
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal("depth 0", caught);
        Assert.Contains(bench.Resource.Notes, n => n.Value == 99);
    }

    [Fact]
    public void Only_messages_time_and_routines_can_be_awaited()
    {
        Bench bench = new();
        bench.Task(1, async task => await System.Threading.Tasks.Task.Yield());
        InvariantViolation failure = Assert.Throws<InvariantViolation>(() => bench.Run());
        Assert.IsType<NotSupportedException>(failure.InnerException);
    }

    private static int ValueOf(Routine<int> routine)
    {
        RoutineAwaiter<int> awaiter = routine.GetAwaiter();
        return awaiter.IsCompleted ? awaiter.GetResult() : -1;
    }

    /// <summary>Bytes allocated in each batch, up to the first that allocates nothing.</summary>
    private static List<long> AllocatedByBatches(int stepsPerBatch, int batches)
    {
        const int StepsPerTurn = 3;
        TimedEngine engine = new(Costs.Table, 0, 1, 0);
        ProbeResource resource = new(0) { KeepsNotes = false };
        engine.Add(resource);
        List<long> allocated = new(batches);
        for (int id = 1; id <= 2; id++)
        {
            ProbeTask task = new(id, id == 1 ? Measured : Endless);
            engine.Add(task);
            engine.Start(task, 0);
        }

        Assert.Equal(RunEnd.Stopped, engine.Run(long.MaxValue, CancellationToken.None));
        Assert.True(engine.Steps >= 2L * allocated.Count * stepsPerBatch);
        return allocated;

        async Routine Measured(ProbeTask task)
        {
            while (allocated.Count < batches && !allocated.Contains(0))
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i <= stepsPerBatch / StepsPerTurn; i++)
                {
                    await Nested(task, resource.Id);
                }

                allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            }

            engine.RequestStop(RunEnd.Stopped);
        }

        async Routine Endless(ProbeTask task)
        {
            while (true)
            {
                await Nested(task, resource.Id);
            }
        }
    }

    private static async Routine<long> Nested(ProbeTask task, ActorId resource)
    {
        await task.SpendCost(Costs.Short);
        return await Inner(task, resource) + (await Text(task, resource)).Length;
    }

    private static async Routine<long> Inner(ProbeTask task, ActorId resource)
    {
        Probe.Load load = await task.Ask(resource, new Probe.Load());
        await task.Ask(resource, new Probe.Store { Value = load.Value + 1 });
        return load.Value;
    }

    /// <summary>
    /// A reference type as the value: generic code over it is shared, which is where a box could creep in.
    /// </summary>
    private static async Routine<string> Text(ProbeTask task, ActorId resource)
    {
        await task.Ask(resource, new Probe.Load());
        return "text";
    }

    private static async Routine<long> Three(ProbeTask task, ActorId resource, long value)
    {
        long two = await Two(task, resource, value);
        Probe.Note note = await task.Ask(resource, new Probe.Note { Value = value + 2 });
        return two + note.Answer - value;
    }

    private static async Routine<long> Two(ProbeTask task, ActorId resource, long value)
    {
        long one = await One(task, resource, value);
        await task.SpendCost(Costs.Long);
        Probe.Note note = await task.Ask(resource, new Probe.Note { Value = value + 1 });
        return one + note.Answer - value;
    }

    private static async Routine<long> One(ProbeTask task, ActorId resource, long value)
    {
        await task.Sleep(5);
        Probe.Note note = await task.Ask(resource, new Probe.Note { Value = value });
        await task.Sleep(5);
        return note.Answer + 3;
    }

    private static async Routine FailDeep(ProbeTask task, ActorId resource, int depth)
    {
        await task.Ask(resource, new Probe.Load());
        if (depth == 0)
        {
            throw new InvalidOperationException("depth 0");
        }

        await FailDeep(task, resource, depth - 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
#pragma warning disable CS1998 // No await: that is the case under test.
    private static async Routine<int> Add(int a, int b) => a + b;
#pragma warning restore CS1998
}

/// <summary>
/// Not beside other tests: while others keep the compiler busy, hot code stays unoptimised for a long time, and
/// unoptimised code allocates.
/// </summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
