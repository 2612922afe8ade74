using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using EpcActors.Benchmarks;

if (args is ["checkers", ..])
{
    return Checkers.Run(args[1..]);
}

if (args is ["actor-races", ..])
{
    return ActorRaceSpeed.Run(args[1..]);
}

if (args is ["cluster", ..])
{
    return ClusterSpeed.Run(args[1..]);
}

if (args is ["commands", ..])
{
    return CommandSpeed.Run(args[1..]);
}

if (args is ["deaths", ..])
{
    return ClusterDeaths.Run(args[1..]);
}

if (args is ["latencies", ..])
{
    return LatencyCost.Run(args[1..]);
}

if (args is ["oracle", ..])
{
    return OracleCost.Run(args[1..]);
}

if (args is ["wire", ..])
{
    return await WireSpeed.RunAsync(args[1..]);
}

if (args is ["tap", ..])
{
    return TapCost.Run(args[1..]);
}

// In process: the columns need what the benchmarks counted, and nothing has to be restored or built again.
Job job = Job
    .Default.WithToolchain(InProcessNoEmitToolchain.Instance)
    .WithWarmupCount(3)
    .WithIterationCount(7)
    .WithInvocationCount(1)
    .WithUnrollFactor(1);
IConfig config = DefaultConfig
    .Instance.AddJob(job)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumn(new WorkPerSecondColumn("steps", isRate: true))
    .AddColumn(new WorkPerSecondColumn("faults", isRate: true))
    .AddColumn(new WorkPerSecondColumn("fault attempts", isRate: true))
    .AddColumn(new WorkPerSecondColumn("schedules", isRate: true))
    .AddColumn(new WorkPerSecondColumn("states", isRate: true))
    .AddColumn(new WorkPerSecondColumn("frames", isRate: true))
    .AddColumn(new WorkPerSecondColumn("bytes per page", isRate: false))
    .AddColumn(new WorkPerSecondColumn("bytes per frame", isRate: false))
    .AddColumn(new WorkPerSecondColumn("frames per write", isRate: false))
    .WithOptions(ConfigOptions.DisableOptimizationsValidator);

string[] arguments = args.Length == 0 ? ["--filter", "*"] : args;
BenchmarkSwitcher.FromAssembly(typeof(EngineBenchmarks).Assembly).Run(arguments, config);
return 0;
