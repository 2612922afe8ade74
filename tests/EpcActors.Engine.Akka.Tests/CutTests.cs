namespace EpcActors.Engine.Akka.Tests;

/// <summary>Snapshots while the actors work.</summary>
public sealed class CutTests
{
    private const int Tasks = 8;
    private const int Cuts = 50;

    /// <summary>
    /// Each task takes one from a resource and then gives it to the next: what is missing is what is on its way, and
    /// nothing is ever there twice.
    /// </summary>
    [Fact]
    public void A_cut_has_no_effect_without_its_cause()
    {
        using EngineHarness live = new(new AkkaEngine(new AkkaOptions()));
        ProbeResource[] resources = [.. Enumerable.Range(0, 4).Select(i => live.AddResource(i, $"nodes/{i}"))];
        for (int i = 0; i < Tasks; i++)
        {
            int first = i;
            live.AddTask(10 + i, t => Carry(t, first));
        }

        List<(int Visits, long Sum)> seen = [];
        void Look()
        {
            int visits = 0;
            long sum = 0;
            Assert.True(live.Engine.Cut(resource =>
            {
                Interlocked.Increment(ref visits);
                Interlocked.Add(ref sum, ((ProbeResource)resource).Sum);
            }));
            seen.Add((visits, sum));
            if (seen.Count == Cuts)
            {
                live.Engine.RequestStop(RunEnd.Stopped);
            }
            else
            {
                live.Engine.AddTimer(live.Engine.ClockNs + 100_000, _ => Look());
            }
        }

        live.Engine.AddTimer(0, _ => Look());
        live.Begin();
        Assert.Equal(RunEnd.Stopped, live.End());
        Assert.All(seen, s => Assert.Equal(resources.Length, s.Visits));
        Assert.All(seen, s => Assert.InRange(s.Sum, -Tasks, 0));
    }

    private static async Routine Carry(ProbeTask task, int at)
    {
        while (true)
        {
            await task.Ask(new ActorId(at % 4), new Probe.Add { Value = -1 });
            at++;
            await task.Ask(new ActorId(at % 4), new Probe.Add { Value = 1 });
        }
    }
}
