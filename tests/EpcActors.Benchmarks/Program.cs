using EpcActors.Benchmarks;
using EpcActors.Lab.Results;
using EpcActors.Lab.Runs;

int threads = args.Length > 0 ? int.Parse(args[0]) : 4;
for (int i = 0; i < 4; i++)
{
    RunReport r = new ScenarioRunner(BenchmarkScenarios.Thrash(threads, 200_000 / threads)).Run("", CancellationToken.None);
    Console.WriteLine($"{r.Verdict} wall {r.WallTimeMs:0} ms steps {r.Steps} {r.Steps / r.WallTimeMs / 1000:0.0} M/s faults {r.FaultLatency.Count} {r.FaultLatency.Count / r.WallTimeMs:0} k/s, virtual {r.VirtualTimeNs} hash {r.TraceHash} reloads {r.Cgroups[0].Reloads} evict {r.Cgroups[0].Evictions} p50 {r.FaultLatency.P50Ns} alloc {GC.GetTotalAllocatedBytes()}");
    foreach (var v in r.Violations) Console.WriteLine(v);
    foreach (var n in r.Notes) Console.WriteLine(n);
    if (i == 3) foreach (var p in r.Profile) Console.WriteLine($"{p.Share:P1} {p.Activity} {p.Count}");
    if (i == 3) foreach (var p in r.Enclaves) Console.WriteLine(p);
    if (i == 3) Console.WriteLine(r.Ksgxd);
}

