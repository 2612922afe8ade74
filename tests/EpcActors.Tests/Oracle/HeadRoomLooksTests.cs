using EpcActors.Races;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// Where the worker is to be queued near the limit, a charge looks at LRUs too. The rules about looks at the machine
/// took that for one: a hunt found both worlds.
/// </summary>
public sealed class HeadRoomLooksTests
{
    private const string DirectReclaim = """
        epc {
          kernel = "epc-cgroup-v17-head-room"
          machine { nodes = [ { cpus = 4, epc = 4 pages } ] }
          cgroups { /c { max = max } }
          enclaves { a { heap = 4 pages, code-pages = 0, cgroup = /c } }
          race {
            id = H1
            max-steps = 1500
            ksgxd = on
            workers = on
            setup = [ "a: create", "a: add 0", "a: add 1", "admin: evict a 1", "a: init" ]
            tasks {
              T0 { process = a, do = [ "read 0", "restrict 1 retry" ] }
              T1 { do = [ "free" ] }
            }
            choices { etrack-fails = 1 }
          }
        }
        """;

    private const string KsgxdMarks = """
        epc {
          kernel = "epc-cgroup-v17-head-room"
          machine { nodes = [ { cpus = 4, epc = 8 pages } ] }
          cgroups { /c { max = max } }
          enclaves {
            a { heap = 4 pages, code-pages = 0, cgroup = /c }
            b { heap = 2 pages, code-pages = 0 }
          }
          race {
            id = H2
            max-steps = 1500
            ksgxd = on
            workers = on
            setup = [ "a: create", "a: add 0", "a: init", "b: build 2" ]
            tasks {
              T0 { do = [ "reclaim-direct" ] }
              T1 { process = a, do = [ "read 3" ] }
              T2 { do = [ "allocate", "allocate" ] }
            }
            choices { backing-fails = 1 }
          }
        }
        """;

    [Theory]
    [InlineData("direct-reclaim", DirectReclaim)]
    [InlineData("ksgxd-marks", KsgxdMarks)]
    public void A_look_for_head_room_is_no_look_at_the_machine(string rule, string text)
    {
        RaceFinding finding = RaceSearch.Find(
            RaceFile.LoadText(text),
            new RaceSearchOptions
            {
                Strategies = ["random", "sticky", "pct3", "pos", "delay2", "fair-pct3"],
                MaxSchedules = 600,
                Workers = 1,
                ShrinkRuns = 0,
                Target = rule,
                Text = text,
            },
            null,
            CancellationToken.None);
        Assert.Null(finding.Verdict.Found);
    }
}
