using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Small machines on which all happens that the protocol is for: limits that span the members, memory that spills,
/// reclaim for others.
/// </summary>
public static class SimulationScenarios
{
    private const string FileName = "simulation.conf";

    /// <summary>Machines and programs by name.</summary>
    private static readonly (string Name, string Text)[] Shapes =
    [
        // One limit over two sockets; what is inside is nested.
        ("pair", """
            machine { nodes = [ { cpus = 2, epc = 160 KiB }, { cpus = 2, epc = 160 KiB } ] }
            cgroups { /pod { max = 96 KiB }, /pod/inner { max = 64 KiB } }
            enclaves {
              a { cgroup = /pod/inner, node = 0, code-pages = 2, heap = 32 KiB, added = 50 %,
                  steps = [ touch, { run { pattern = uniform, accesses = 12 } } ] }
              b { cgroup = /pod, node = 1, threads = 2, code-pages = 2, heap = 32 KiB,
                  steps = [ touch, { run { pattern = uniform, accesses = 8 } } ] }
            }
            """),

        // The first socket is too small for its enclave: pages of the others are borrowed.
        ("spill", """
            machine { nodes = [ { cpus = 2, epc = 40 KiB }, { cpus = 2, epc = 128 KiB }, { cpus = 2, epc = 128 KiB } ] }
            cgroups { /pod { max = 144 KiB } }
            enclaves {
              a { cgroup = /pod, node = 0, code-pages = 2, heap = 56 KiB,
                  steps = [ touch, { run { pattern = uniform, accesses = 10 } } ] }
              b { cgroup = /pod, node = 1, code-pages = 2, heap = 24 KiB, added = 0 %, steps = [ touch ] }
              c { cgroup = /, node = 2, code-pages = 2, heap = 24 KiB, steps = [ touch ] }
            }
            """),

        // One cgroup at its limit on all sockets: a page here is paid with a page elsewhere.
        ("limit", """
            machine { nodes = [ { cpus = 2, epc = 128 KiB }, { cpus = 2, epc = 128 KiB },
                { cpus = 2, epc = 128 KiB } ] }
            cgroups { /pod { max = 80 KiB }, /pod/one { }, /pod/two { max = 48 KiB } }
            enclaves {
              a { cgroup = /pod/one, node = 0, code-pages = 2, heap = 24 KiB,
                  steps = [ touch, { run { pattern = uniform, accesses = 8 } } ] }
              b { cgroup = /pod/two, node = 1, code-pages = 2, heap = 24 KiB,
                  steps = [ touch, { run { pattern = uniform, accesses = 8 } } ] }
              c { cgroup = /pod/two, node = 2, code-pages = 2, heap = 24 KiB, added = 0 %, steps = [ touch ] }
            }
            script = [ { at = 1 us, set-max { cgroup = /pod, max = 64 KiB } },
                { at = 2 us, set-max { cgroup = /pod, max = 96 KiB } } ]
            """),

        // A limit that VA pages and SECS pages fill: some charge is refused in the end.
        ("refused", """
            machine { nodes = [ { cpus = 2, epc = 96 KiB }, { cpus = 2, epc = 96 KiB } ] }
            cgroups { /tiny { max = 20 KiB } }
            enclaves {
              a { cgroup = /tiny, node = 0, code-pages = 1, heap = 8 KiB, allow-oom = true, steps = [ touch, touch ] }
              b { cgroup = /tiny, node = 1, code-pages = 1, heap = 8 KiB, allow-oom = true, steps = [ touch, touch ] }
              c { cgroup = /, node = 1, code-pages = 1, heap = 12 KiB, steps = [ touch ] }
            }
            """),

        // Sockets that begin far above the watermarks of ksgxd and end below them: pages are counted in advance, and
        // then one by one.
        ("wide", """
            machine { nodes = [ { cpus = 2, epc = 520 KiB }, { cpus = 2, epc = 520 KiB } ] }
            cgroups { /pod { max = 900 KiB }, /pod/inner { } }
            enclaves {
              a { cgroup = /pod/inner, node = 0, code-pages = 2, heap = 360 KiB, added = 90 %, steps = [ touch ] }
              b { cgroup = /pod, node = 1, code-pages = 2, heap = 440 KiB, added = 90 %, steps = [ touch ] }
            }
            """),

        // Guests, whose memory nothing takes back, beside a socket that is too small.
        ("guest", """
            machine { nodes = [ { cpus = 2, epc = 40 KiB }, { cpus = 2, epc = 128 KiB } ] }
            cgroups { /vm { max = 64 KiB } }
            enclaves { a { cgroup = /, node = 1, code-pages = 2, heap = 16 KiB, steps = [ touch ] } }
            virtual-machines { g { cgroup = /vm, node = 0, epc = 56 KiB, hold = 1 us } }
            """),

        // Four members, two of them small.
        ("four", """
            machine { nodes = [ { cpus = 2, epc = 48 KiB }, { cpus = 2, epc = 96 KiB }, { cpus = 2, epc = 48 KiB },
                { cpus = 2, epc = 96 KiB } ] }
            cgroups { /x { max = 96 KiB }, /x/y { max = 64 KiB }, /z { } }
            enclaves {
              a { cgroup = /x/y, node = 0, code-pages = 1, heap = 48 KiB, steps = [ touch ] }
              b { cgroup = /x, node = 1, code-pages = 1, heap = 16 KiB, added = 0 %, steps = [ touch ] }
              c { cgroup = /z, node = 2, code-pages = 1, heap = 52 KiB, steps = [ touch ] }
              d { cgroup = /x/y, node = 3, code-pages = 1, heap = 16 KiB,
                  steps = [ touch, { run { pattern = uniform, accesses = 6 } } ] }
            }
            """),
    ];

    private static readonly string[] Kernels =
    [
        "epc-cgroup-v8",
        "epc-cgroup-v17",
        "epc-cgroup-v5",
        "linux-6.16",
        "epc-cgroup-v8-racy-counter",
    ];

    private static readonly Lazy<Scenario[]> Built = new(() =>
        [.. from shape in Shapes from kernel in Kernels select Load(shape.Text, kernel)]);

    /// <summary>Every machine with every kernel.</summary>
    public static IReadOnlyList<Scenario> All => Built.Value;

    private static Scenario Load(string shape, string kernel)
    {
        string text = $$"""
            epc {
              kernel = "{{kernel}}"
              run { duration = 1 s, slowdown = off }
              {{shape}}
            }
            """;
        ConfigEnvironment environment = new()
        {
            Files = new HoconMemoryIncluder(
                new Dictionary<string, string>(StringComparer.Ordinal) { [FileName] = text }),
            Variables = _ => null,
        };
        return ScenarioLoader.Load(FileName, [], null, environment);
    }

    /// <summary>The same with another way to count free pages.</summary>
    internal static Scenario With(Scenario scenario, FreePageCounterMode counter) =>
        scenario with
        {
            Switches = scenario.Switches with { FreePageCounter = counter },
        };
}
