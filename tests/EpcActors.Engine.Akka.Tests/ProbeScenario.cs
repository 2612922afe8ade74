using Akka.Actor;
using Akka.TestKit;
using EpcActors.Hocon;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Small scenarios for tests that look into a run.</summary>
internal static class ProbeScenario
{
    private const string File = "probe.conf";

    /// <summary>
    /// One cgroup and one enclave in it, which needs fewer pages than the limit allows: by itself it never evicts.
    /// </summary>
    /// <param name="limit">misc.max of the cgroup.</param>
    /// <param name="steps">What its one thread does.</param>
    /// <param name="added">Part of the heap that is there from the beginning; the rest comes by EAUG on the first
    /// touch.</param>
    public static Scenario Roomy(
        string limit = "256 KiB", string steps = "touch, touch", string added = "100 %") => Load($$"""
        epc {
          machine { nodes = [ { cpus = 2, epc = 2 MiB } ] }
          cgroups { /pod { max = {{limit}} } }
          enclaves { a { cgroup = /pod, heap = 96 KiB, added = {{added}}, allow-oom = true, steps = [ {{steps}} ] } }
          run { duration = 120 s, slowdown = off }
        }
        """);

    /// <summary>One of everything that a machine can have: a guest, workers, an administrator.</summary>
    public static Scenario Machine() => Load("""
        epc {
          kernel = "epc-cgroup-v17"
          machine { nodes = [ { cpus = 4, epc = 4 MiB } ] }
          cgroups { /pod { max = 256 KiB } }
          enclaves { a { cgroup = /pod, heap = 96 KiB, steps = [ touch, { pause = 20 ms }, touch ] } }
          virtual-machines { guest { cgroup = /pod, epc = 64 KiB, hold = 1 ms } }
          script = [ { at = 1 ms, set-max { cgroup = /pod, max = 512 KiB } } ]
          run { duration = 120 s, slowdown = off }
        }
        """);

    /// <summary>Every record that a probe has got. For a run that has ended.</summary>
    public static List<MessageDelivered> Drain(TestProbe seen)
    {
        // What was published before the end of the run stands in the mailbox before this.
        object end = new();
        seen.Ref.Tell(end, ActorRefs.NoSender);
        List<MessageDelivered> all = [];
        while (true)
        {
            object next = seen.ReceiveOne(EngineHarness.Patience);
            if (ReferenceEquals(next, end))
            {
                return all;
            }

            all.Add((MessageDelivered)next);
        }
    }

    /// <summary>A scenario of that text.</summary>
    public static Scenario Load(string text)
    {
        HoconMemoryIncluder files = new([new KeyValuePair<string, string>(File, text)]);
        return ScenarioLoader.Load(File, [], null, ConfigEnvironment.Default with { Files = files });
    }
}
