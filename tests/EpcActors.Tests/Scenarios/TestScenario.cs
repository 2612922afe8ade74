using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Scenarios;

/// <summary>Scenarios made in code, with the costs of a shipped profile.</summary>
internal static class TestScenario
{
    /// <summary>One enclave of one thread on one node.</summary>
    public static Scenario One(int epcPages, int heapPages, params StepSpec[] steps)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "test-scenario.conf");
        ConfigEnvironment environment = ConfigEnvironment.Default;
        if (!File.Exists(file))
        {
            File.WriteAllText(
                file,
                "epc { machine { nodes = [ { cpus = 4, epc = 16 MiB } ] }, run { slowdown = off } }\n");
        }

        Scenario scenario = ScenarioLoader.Load(file, [], null, environment);
        return scenario with
        {
            Switches = new KernelSwitches { EpcCgroup = EpcCgroupMode.Off },
            Machine = scenario.Machine with { Nodes = [new NodeSpec(4, [epcPages])] },
            Enclaves =
            [
                new EnclaveSpec
                {
                    Name = "one",
                    Cgroup = 0,
                    HeapPages = heapPages,
                    AddedHeapPages = heapPages,
                    Steps = steps,
                },
            ],
            Run = scenario.Run with { DurationNs = 600_000_000_000, AuditEverySamples = 0, TraceEvents = 0 },
        };
    }
}
