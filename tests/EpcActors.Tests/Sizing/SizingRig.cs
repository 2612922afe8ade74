using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Sizing;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Sizing;

/// <summary>Sizes texts of scenarios.</summary>
internal static class SizingRig
{
    /// <summary>
    /// A pod with a limit of 64 MiB, 60 MiB of heap and keys by Zipf's law; the length of its work varies.
    /// </summary>
    public static string Pod(int accesses) => $$"""
        epc {
          title = "smallest limit at 95 % of the speed"
          kernel = "epc-cgroup-v8"
          seed = 1
          machine { nodes = [ { cpus = 8, epc = 94 MiB } ] }
          costs = "client-sgx1"
          cgroups { /kubepods { /app { max = 64 MiB } } }
          enclaves {
            app {
              cgroup = /kubepods/app, heap = 60 MiB, threads = 2
              steps = [ touch, { run { preset = "ycsb-b", accesses = {{accesses}}, work = 5 us } } ]
            }
          }
          run { duration = 20 s }
        }
        """;

    public static Scenario Load(string text, params (string Key, string Value)[] settings) =>
        Loading.Load(text, [.. settings.Select(one => $"{one.Key}={one.Value}")]);

    /// <summary>Sizes on one thread, with one seed and one share unless told otherwise.</summary>
    public static SizingReport Size(string text, Func<SizingRequest, SizingRequest>? change = null)
    {
        SizingRequest request = new() { Scenario = Load(text), Seeds = 1, Shares = [0.95] };
        return Sizer.Size(change is null ? request : change(request), null, CancellationToken.None);
    }

    /// <summary>The scenario as it is written, with limits set.</summary>
    public static RunReport Run(string text, params (string Path, long Pages)[] limits) =>
        new ScenarioRunner(
            Load(text, [.. limits.Select(one => ($"epc.cgroups.{one.Path}.max", $"{one.Pages} pages"))]))
            .Run("", CancellationToken.None);
}
