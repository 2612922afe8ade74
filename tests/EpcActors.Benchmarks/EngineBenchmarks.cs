using BenchmarkDotNet.Attributes;
using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel;

namespace EpcActors.Benchmarks;

/// <summary>The bare engine: the layer that bounds all others.</summary>
public class EngineBenchmarks
{
    private const int Messages = 1_000_000;

    /// <summary>Tasks that ask one resource, each answer within the quantum: no event.</summary>
    [Benchmark]
    public long AnsweredAtOnce() => Run(nameof(AnsweredAtOnce), tasks: 1, yields: false);

    /// <summary>Four tasks whose every answer goes through the event queue.</summary>
    [Benchmark]
    public long ThroughTheEventQueue() => Run(nameof(ThroughTheEventQueue), tasks: 4, yields: true);

    private static long Run(string name, int tasks, bool yields)
    {
        TimedEngine engine = new(new CostTable(new long[Activities.Count], new long[Activities.Count], 0), 500, 1, 0);
        engine.Add(new Counter(new ActorId(0)));
        for (int i = 0; i < tasks; i++)
        {
            Asker asker = new(new ActorId(i + 1), Messages / tasks, yields);
            engine.Add(asker);
            engine.Start(asker, 0);
        }

        engine.Run(long.MaxValue / 2, CancellationToken.None);
        Work.Count(name, "steps", engine.Steps);
        return engine.Steps;
    }

    private struct Add : IMessage
    {
        public static ushort Code => 0xFF01;

        public static MessageKind Kind => MessageKind.Other;

        public long Amount;

        public long Yields;
    }

    private sealed class Counter(ActorId id) : Resource(id, "counter"), IHandle<Add>
    {
        private long _sum;

        public void Handle(ref Add message, Turn turn)
        {
            _sum += message.Amount;
            message.Amount = _sum;
            if (message.Yields != 0)
            {
                turn.Yield();
            }
        }
    }

    private sealed class Asker(ActorId id, int count, bool yields) : TaskActor(id, "asker", -1, 0)
    {
        protected override async Routine Run()
        {
            for (int i = 0; i < count; i++)
            {
                await One();
            }
        }

        private async Routine<long> One()
        {
            Add add = await Ask(new ActorId(0), new Add { Amount = 1, Yields = yields ? 1 : 0 });
            return add.Amount;
        }
    }
}
