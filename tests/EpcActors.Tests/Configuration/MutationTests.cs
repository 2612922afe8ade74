using EpcActors.Kernel.Random;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Configuration;

/// <summary>
/// After any change to a file, it loads or there is a <see cref="ConfigurationException"/> with places: nothing else
/// comes out.
/// </summary>
public sealed class MutationTests
{
    private const string Scenario = """
        epc {
          kernel = "epc-cgroup-v8" , seed = 3
          switches { at-limit = kill, sgx2 = on }
          machine { profile = "client-93mib", nodes = [ { cpus = 8, epc = [ 64 MiB , 32 MiB ] } , { cpus = 2 } ] ,
              sanitise-at-boot = off }
          costs { profile = "xeon-icx", ewb = 9000, clock = 2.9 GHz, remote = 140 % }
          cgroups { / { memory-max = 1 GiB } , /pods { max = 64 MiB,
              /web { annotations { "epc-limit.nri.io/pod" = "4096000" } } } }
          enclaves { web { cgroup = /pods/web , heap = 50 % , added = 20 % , threads = 2 , node = 0 , instances = 2 ,
              start-spread = 1 ms ,
            code-pages = auto , allow-oom = on , steps = [ touch ,
                { run { pattern = phased , within { pattern = zipf , theta = 0.5 } } } ,
            { run { preset = ycsb-a , accesses = 2 passes , work = 5 cycles } } , { pause = 1 ms } ,
                { fork = [ touch ] } , accept ] } }
          virtual-machines { vm { epc = 4 MiB , touch = 50 % , hold = forever } }
          script = [ { at = 1 ms , set-max { cgroup = /pods , max = 1 page } } ,
              { between = [ 1 ms , 2 ms ] , kill-any = [ web , vm ] } ,
            { at = 5 s , migrate { enclave = web-1 , cgroup = /pods } } ,
                { at = 1 s , poison { node = 0 , first = 1 , count = 2 } } ]
          run { duration = 1 s , sample = auto , jitter = 5 % }
          expect = [ "verdict == pass" ] , expect-on { "linux-5.15" = [] }
        }
        """;

    private static readonly string[] Values =
    [
        "null",
        "{}",
        "[]",
        "[ null ]",
        "-1",
        "0",
        "99999999999999999999",
        "1e300",
        "true",
        "\"\"",
        "\"%\"",
        "x",
        "-5 MiB",
        "9999999 GiB",
        "101 %",
        "1 ns",
        "-3 s",
        "9e18 d",
        "{ a = 1 }",
        "[ {} ]",
        "${epc.seed}",
        "${?no}",
        "\"/\"",
        "1 page",
        "cycles",
        "passes",
        "pages",
        "max",
        "forever",
        "spread",
    ];

    [Fact]
    public void The_scenario_itself_is_good() => Loading.Load(Scenario);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_changed_word_never_leads_to_another_exception(ulong seed)
    {
        Prng prng = new(seed);
        int refused = 0;
        for (int i = 0; i < 150; i++)
        {
            string[] words = Scenario.Split(' ');
            int changes = 1 + prng.NextBelow(2);
            for (int change = 0; change < changes; change++)
            {
                int at = prng.NextBelow(words.Length);
                words[at] = prng.NextBelow(4) switch
                {
                    0 => "",
                    1 => words[prng.NextBelow(words.Length)],
                    _ => Values[prng.NextBelow(Values.Length)],
                };
            }

            try
            {
                Loading.Load(string.Join(' ', words));
            }
            catch (ConfigurationException e)
            {
                refused++;
                Assert.All(e.Errors, error => Assert.True(error.Origin.Line > 0, error.ToString()));
            }
        }

        Assert.InRange(refused, 30, 149);
    }
}
