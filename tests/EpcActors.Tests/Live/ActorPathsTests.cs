using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;
using EpcActors.Tests.OracleTests;

namespace EpcActors.Tests.Live;

public sealed class ActorPathsTests
{
    [Fact]
    public void Every_actor_has_a_path_of_its_own()
    {
        Topology topology = new(
            ScenarioLoader.Load(Loading.RepositoryPath("config/quickstart.conf"), [], null, ConfigEnvironment.Default));
        ActorPaths paths = new(topology);
        List<string> all =
        [
            .. topology.Resources.Select(paths.Of),
            .. topology.Tasks.Select(one => paths.Of(one.Task)),
        ];

        Assert.Equal(all.Count, all.Distinct(StringComparer.Ordinal).Count());
        string[] some =
        [
            "nodes/node-0",
            "nodes/node-1",
            "cgroups",
            "cgroups/memory",
            "cgroups/pods/batch/nightly",
            "cgroups/pods/batch/nightly/memory",
            "cgroups/pods/batch/nightly/reclaim_work",
            "cgroups/pods/batch/nightly/worker",
            "enclaves/web-0",
            "enclaves/web-0/mm",
            "enclaves/web-0/shmem",
            "enclaves/web-0/process",
            "enclaves/web-0/thread-0",
            "virtual-machines/guest",
            "virtual-machines/guest/process",
            "virtual-machines/guest/vcpu",
            "ksgxd",
            "ksgxd_waitq",
            "sgx_nr_free_pages",
            "zombie_secs_pages",
            "cgroup_mutex",
            "oom_killer",
            "admin",
        ];
        Assert.All(some, path => Assert.Contains(path, all));
        Assert.DoesNotContain(all, path =>
            path.StartsWith("resources/", StringComparison.Ordinal)
            || path.StartsWith("tasks/", StringComparison.Ordinal));
    }

    [Fact]
    public void A_cgroup_keeps_its_path_when_it_is_called_what_stands_beneath_its_parent()
    {
        Scenario scenario = PlantedRun.Roomy();
        scenario = scenario with
        {
            Cgroups = [.. scenario.Cgroups, new CgroupSpec("/a/worker", 1, Limit.Max, Limit.Max)],
        };
        Topology topology = new(scenario);
        ActorPaths paths = new(topology);

        Assert.Equal("cgroups/a/worker", paths.Of(topology.Cgroups[3]));
        Assert.Equal("cgroups/a/worker~", paths.Of((TaskActor)topology.Workers[1]));
    }
}
