using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Tests.OracleTests;

namespace EpcActors.Tests.Live;

/// <summary>Counts that many threads keep, each for itself, against those of one thread that counts all.</summary>
public sealed class RunMetricsTests
{
    private const int Threads = 6;

    private const int EventsOfThread = 20_000;

    [Fact]
    public void Shards_sum_up_to_what_one_thread_counts()
    {
        Topology topology = new(PlantedRun.Tight());
        using RunMetrics alone = new(topology, 1000);
        using RunMetrics shared = new(topology, 1000, isShared: true);
        for (int thread = 0; thread < Threads; thread++)
        {
            Report(alone, topology, thread);
        }

        alone.TakeSample(1);
        Thread[] threads = new Thread[Threads];
        for (int i = 0; i < Threads; i++)
        {
            int thread = i;
            threads[i] = new Thread(() => Report(shared, topology, thread));
            threads[i].Start();
        }

        // Another thread samples meanwhile, as a live run does.
        int at = 1;
        while (Array.Exists(threads, one => one.IsAlive))
        {
            shared.TakeSample(at++);
        }

        foreach (Thread one in threads)
        {
            one.Join();
        }

        shared.TakeSample(at);
        Assert.Equal(Threads * EventsOfThread, shared.Faults);
        Assert.Equal(alone.Faults, shared.Faults);
        Assert.Equal(alone.FaultsBelow(), shared.FaultsBelow());
        Assert.Equal(alone.RetriesBelow(), shared.RetriesBelow());
        Assert.Equal(alone.EvictionsBelow(), shared.EvictionsBelow());
        Assert.Equal(alone.ReloadsBelow(), shared.ReloadsBelow());
        Assert.Equal(alone.NodeAllocations, shared.NodeAllocations);
        Assert.Equal(alone.KsgxdPages, shared.KsgxdPages);
        Assert.Equal(alone.Of(0), shared.Of(0));
        Assert.Equal(alone.FaultLatency.Buckets, shared.FaultLatency.Buckets);
        Assert.Equal(alone.LatencyBelow(1).Buckets, shared.LatencyBelow(1).Buckets);

        // Differences of growing counts add up, whenever they were taken.
        Timeline timeline = shared.ToTimeline();
        Assert.Equal(shared.Faults, timeline.Faults.Sum());
        Assert.Equal(shared.Evictions, timeline.Evictions.Sum());
        Assert.Equal(shared.FaultsBelow()[0], timeline.Cgroups[0].Faults.Sum());
        Assert.All(timeline.Faults, count => Assert.True(count >= 0));
    }

    [Fact]
    public void The_trace_is_bounded_and_has_the_first_events_of_all_threads_in_order()
    {
        Topology topology = new(PlantedRun.Tight());
        using RunMetrics shared = new(topology, 50, isShared: true);
        for (int i = 0; i < 3; i++)
        {
            int thread = i;
            Thread one = new(() =>
            {
                for (int k = 0; k < 100; k++)
                {
                    shared.OnReport(
                        topology.Enclaves[0].Threads[0],
                        RunEvent.Fault,
                        (k * 30) + thread,
                        (k * 30) + thread + 10,
                        k);
                }
            });
            one.Start();
            one.Join();
        }

        Assert.Equal(50, shared.TraceEvents.Count);
        Assert.Equal(250, shared.DroppedTraceEvents);
        long[] ends = [.. shared.TraceEvents.Select(one => one.StartNs + one.DurationNs)];
        Assert.Equal(ends.Order(), ends);
        Assert.Equal((16 * 30) + 1 + 10, ends[^1]);
    }

    [Fact]
    public void Percentiles_of_a_sample_are_of_what_came_since_the_last_one()
    {
        Topology topology = new(PlantedRun.Tight());
        using RunMetrics metrics = new(topology, 0);
        Fault(metrics, topology, 1_000_000);
        metrics.TakeSample(1);
        Fault(metrics, topology, 500);
        Fault(metrics, topology, 500);
        metrics.TakeSample(2);
        metrics.TakeSample(3);

        Assert.Equal([1_000_000, 500, 0], metrics.ToTimeline().FaultP99Ns);
        Assert.Equal([1, 2, 0], metrics.ToTimeline().Faults);

        static void Fault(RunMetrics metrics, Topology topology, long ns) =>
            metrics.OnReport(topology.Enclaves[0].Threads[0], RunEvent.Fault, 0, ns, 0);
    }

    private static void Report(RunMetrics metrics, Topology topology, int thread)
    {
        EnclaveActors enclave = topology.Enclaves[thread % 2];
        for (int i = 0; i < EventsOfThread; i++)
        {
            metrics.OnReport(enclave.Threads[0], RunEvent.Fault, i, i + ((long)i * (thread + 1)), i);
            metrics.OnReport(enclave.Threads[0], RunEvent.FaultRetry, i, i, i);
            metrics.OnReport(topology.Ksgxd, RunEvent.Evicted, i, i, ((long)(thread % 2) << 20) | 1);
            metrics.OnReport(enclave.Threads[0], RunEvent.Reloaded, i, i, thread % 2);
            metrics.OnReport(enclave.Threads[0], RunEvent.Allocated, i, i, 2 | (i & 1));
        }
    }
}
