using EpcActors.Lab.Configuration;
namespace EpcActors.Tests.Configuration;
public sealed class ZzScratchTests
{
    [Fact]
    public void Print()
    {
        string text = """
epc {
  kernel = "linux-5.14"
  machine { nodes = [ { cpus = 8, epc = 64 }, { cpus = 8, ecp = 64 MiB } ] }
  costs = "xeon"
  cgroups {
    /pods { max = 64, /web { max = 48 MB, memry-max = 3 GiB } }
    /pods/web/deep/deeper { max = 3 Mib }
    /k { annotations { "epc-limit.nri.io/pod" = 64Mi } }
  }
  enclaves {
    web { cgroup = /pod/web, heap = 128, treads = 4, steps = [ tuch, { run { pattern = zipf, theta = 9, work = 300, hot = 4 % } }, { pause = -1 s } ] }
    db { cgroup = /pods, added = 130 % }
  }
  script = [ { at = 5, kill = webb } ]
  run { duration = 0 s, jiter = 3 % }
  switches { free-page-counter = per_node, sgx2 = 1 }
  expct = []
}
kernels = 3
""";
        System.IO.File.WriteAllLines("/tmp/config-scratch/errors.txt", Loading.Errors(text));
        string file = Loading.RepositoryPath("config/quickstart.conf");
        System.IO.File.WriteAllText("/tmp/config-scratch/show.txt", ScenarioLoader.Show(file, [], ConfigEnvironment.Default, new ConfigurationShowOptions { Origins = true }));
        var sw = System.Diagnostics.Stopwatch.StartNew();
        for (int i = 0; i < 20; i++) ScenarioLoader.Load(file, [], null, ConfigEnvironment.Default);
        System.IO.File.AppendAllText("/tmp/config-scratch/show.txt", $"\n{sw.ElapsedMilliseconds / 20.0} ms per load");
    }
}
