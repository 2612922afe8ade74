using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Configurations that between them use every key in every form. Read once, they have the readers say all that they
/// know: the keys for the test of the reference, keys and forms for the schema.
/// </summary>
internal static class SchemaSpecimen
{
    private const string File = "specimen.conf";
    private const string Trace = "t.trace";

    /// <summary>Every part; values are the words that stand beside other forms where there are such.</summary>
    private const string Everything = """
        epc {
          machine {
            profile = two-sockets-64mib, title = t, description = d
            nodes = [ { cpus = 1, epc = 4 MiB }, { cpus = 1, epc = [ 4 MiB ] } ]
          }
          costs { title = t, description = d }
          cgroups { /a { annotations {}, container = c }, /b { /c {} } }
          enclaves { e { heap = 4 MiB, steps = [
            touch, { touch {} }, PATTERNS { run { preset = ycsb-a } },
            { trace = "t.trace" }, { trace { file = "t.trace", enclave = e, gaps = work } }
            { pause = 1 ms }, { fork = [] }
          ] } }
          virtual-machines { v { epc = 4 MiB }, w { vmm = v, epc = 4 MiB } }
          script = [
            { at = 1 ms, set-max { cgroup = /a, max = max } }
            { at = 1 ms, set-memory-max { cgroup = /a, max = max } }
            { between = [ 1 ms, 2 ms ], kill = e }, { at = 1 ms, kill-any = [ e ] }
            { at = 1 ms, migrate { enclave = e, cgroup = /a } }, { at = 1 ms, rmdir = /b/c }
            { at = 1 ms, mkdir = /b/c }
            { at = 1 ms, poison { node = 0, first = 0, count = 1 } }, { at = 1 ms, lose-epc = suspend }
            { at = 1 ms, poison { vm = v, first = 0, count = 1 } }
          ]
          cluster.faults = [
            { at = 1 s, kill = 0, when = reclaim }, { at = 1 s, pause = 0, for = 1 s }
            { at = 1 s, partition = [ 0 ], for = 1 s }, { at = 1 s, restart = 0 }
          ]
          expect = [ "verdict == pass" ]
          expect-on { "linux-6.16" = [ "verdict == pass" ] }
        }
        """;

    /// <summary>The other forms of what is a word in the first.</summary>
    private const string Numbers = """
        epc {
          machine { nodes = [ { cpus = 1, epc = 4 MiB }, { cpus = 1, epc = 4 MiB } ] }
          enclaves { e { heap = 4 MiB, node = 0, code-pages = 20 } }
          virtual-machines { v { epc = 4 MiB, node = 0, hold = 1 ms } }
          run { sample = 1 ms }
          live { workers = 1, pace = 10 % }
          cluster { processes = 1 }
        }
        """;

    /// <summary>A race has no script and no programs, so it needs a text of its own.</summary>
    private const string Race = """
        epc {
          machine { nodes = [ { cpus = 1, epc = 4 pages } ] }
          enclaves { a { heap = 4 pages, code-pages = 0 } }
          race {
            tasks { T { process = a, node = 0, do = [ "build 1" ] } }
            setup = [ "admin: pause" ], properties = [ "finally counter == free-pages" ], show = [ counter ]
            ignore-rules = [ contents ], variants { buggy {} }
          }
        }
        """;

    /// <summary>Reads all of them.</summary>
    /// <returns>The keys that were asked for, and what was said of them.</returns>
    public static (IReadOnlySet<string> Keys, ShapeRecorder Shapes) Read()
    {
        ShapeRecorder shapes = new();
        SortedSet<string> keys = new(StringComparer.Ordinal);
        string everything = Everything.Replace("PATTERNS", Patterns(), StringComparison.Ordinal);
        foreach (string text in (string[])[everything, Numbers, Race])
        {
            LoadContext context = new(File, Environment(text)) { Shapes = shapes };
            ScenarioLoader.Read(context, [], null);
            keys.UnionWith(context.ReadKeys);
        }

        return (keys, shapes);
    }

    /// <summary>Each pattern as the step's own, and within and beside others.</summary>
    private static string Patterns()
    {
        const string Part = "weight = 1, first = 0 %, pages = 100 %";
        List<string> steps = [];
        foreach (string name in PatternBinder.Names)
        {
            string pattern = name == "mixed"
                ? $"pattern = mixed, parts = [ {{ {Part}, pattern = uniform }} ]"
                : $"pattern = {name}";
            steps.Add($"{{ run {{ {pattern} }} }}");
            steps.Add($"{{ run {{ pattern = phased, within {{ {pattern} }} }} }}");
            steps.Add($"{{ run {{ pattern = mixed, parts = [ {{ {Part}, {pattern} }} ] }} }}");
        }

        return string.Concat(steps.Select(step => step + ", "));
    }

    private static ConfigEnvironment Environment(string text) => new()
    {
        Files = new HoconMemoryIncluder([new KeyValuePair<string, string>(File, text)]),
        Variables = static _ => null,
        OpenTrace = static name => name == Trace ? new StringReader("0 e 1 r\n") : null,
    };
}
