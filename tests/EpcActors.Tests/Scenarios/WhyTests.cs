using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Scenarios;

/// <summary>Report on enclaves and guests that died for want of EPC.</summary>
public sealed class WhyTests
{
    [Fact]
    public void The_least_limit_that_loads_is_told_and_it_loads()
    {
        EnclaveReport refused = Limit("32 pages");
        Assert.Equal(EnclaveOutcome.Enomem, refused.Outcome);
        Assert.Equal(33, refused.LeastPages);
        Says(refused, "/a held 32 of the 32 pages (128 KiB) of its misc.max");
        Says(refused, "33 pages (132 KiB): 31 VA pages + SECS + 1");
        Says(refused, "VA pages, SECS pages and vEPC are on no LRU");
        Assert.Equal(EnclaveOutcome.Finished, Limit("33 pages").Outcome);

        static EnclaveReport Limit(string max) => new ScenarioRunner(ScenarioLoader.Load(
            Loading.RepositoryPath("tests/EpcActors.Tests/Scenarios/Cases/48-minimum-limit.conf"),
            [new("epc.cgroups./a.max", max)],
            null,
            ConfigEnvironment.Default)).Run("", CancellationToken.None).Enclaves[0];
    }

    /// <summary>
    /// The closed form against the driver's routines: one page less does not load, on any kernel with limits.
    /// </summary>
    [Theory]
    [InlineData("epc-cgroup-v8", 501)]
    [InlineData("epc-cgroup-v8", 502)]
    [InlineData("epc-cgroup-v8", 1013)]
    [InlineData("epc-cgroup-v8", 1014)]
    [InlineData("epc-cgroup-v17", 1014)]
    [InlineData("epc-cgroup-v17", 3000)]
    public void The_closed_form_is_exact(string kernel, int heap)
    {
        int least = Load(kernel, heap, 10_000).LeastPages;
        Assert.Equal(((heap + 10 + 1 + 511) / 512) + 2, least);
        Assert.Equal(EnclaveOutcome.Finished, Load(kernel, heap, least).Outcome);
        Assert.Equal(EnclaveOutcome.Enomem, Load(kernel, heap, least - 1).Outcome);
    }

    [Fact]
    public void An_innocent_enclave_names_the_large_one_beside_it()
    {
        RunReport report = Run("""
            epc {
              kernel = "epc-cgroup-v8"
              machine { nodes = [ { cpus = 4, epc = 64 MiB } ] }
              cgroups { /pods { max = 34 pages, /large {}, /small {} } }
              enclaves {
                large { cgroup = /pods/large, heap = 15000 pages, steps = [ { pause = 500 ms } ] }
                small { cgroup = /pods/small, heap = 600 pages, start = 400 ms, steps = [ touch ] }
              }
              run { slowdown = off }
            }
            """);
        EnclaveReport small = report.Enclaves[1];

        Assert.True(small.Outcome is EnclaveOutcome.Enomem or EnclaveOutcome.Sigbus, $"{small.Outcome}");
        Says(small, "who held them: large");
        Says(small, "never from its siblings (C14)");
        Says(small, "the least that loads small is 4 pages (16 KiB): 2 VA pages + SECS + 1");
    }

    [Fact]
    public void A_guest_is_told_of_charges_only_where_there_are_some()
    {
        VirtualEpcReport with = Guest("epc-cgroup-v8");
        Assert.Contains(with.Why, line => line.Contains("/vms held", StringComparison.Ordinal));
        Assert.Contains(with.Why, line => line.Contains("but charged", StringComparison.Ordinal));

        VirtualEpcReport without = Guest("linux-6.16");
        Assert.NotEmpty(without.Why);
        Assert.Contains(without.Why,
            line => line.Contains("the EPC of the machine was full (4096 pages (16 MiB))", StringComparison.Ordinal));
        Assert.DoesNotContain(without.Why, line => line.Contains("charge", StringComparison.Ordinal)
            || line.Contains("cgroup", StringComparison.Ordinal));
        Assert.DoesNotContain("charge", without.Detail, StringComparison.Ordinal);

        static VirtualEpcReport Guest(string kernel) => Run($$"""
            epc {
              kernel = "{{kernel}}"
              machine { nodes = [ { cpus = 4, epc = 16 MiB } ] }
              cgroups { /vms { max = 12 MiB } }
              virtual-machines { big { cgroup = /vms, epc = 20 MiB } }
              run { slowdown = off, duration = 1 s }
            }
            """).VirtualEpcs[0];
    }

    [Fact]
    public void A_victim_of_the_EPC_killer_is_told_whose_rule_it_was_and_who_held_the_pages()
    {
        RunReport report = new ScenarioRunner(ScenarioLoader.Load(
            Loading.RepositoryPath("config/scenarios/oom-kill-or-enomem.conf"),
            [new("epc.kernel", "epc-cgroup-v5")],
            null,
            ConfigEnvironment.Default)).Run("", CancellationToken.None);
        EnclaveReport victim = report.Enclaves.First(one => one.Name == "old");

        Assert.Equal(EnclaveOutcome.Killed, victim.Outcome);
        Says(victim, "(sgx_epc_oom)");
        Says(victim, "who held them: newer 9 pages (9 VA pages); old itself 1 page");
        Assert.All(victim.Why, line => Assert.DoesNotContain("SIGBUS", line, StringComparison.Ordinal));
    }

    [Fact]
    public void On_a_kernel_without_limits_the_innocent_names_the_guest_that_fills_the_EPC()
    {
        RunReport report = Run("""
            epc {
              kernel = "linux-6.16"
              machine { nodes = [ { cpus = 4, epc = 16 MiB } ] }
              enclaves { innocent { heap = 1 MiB, start = 100 ms, steps = [ touch ] } }
              virtual-machines { big { epc = 16 MiB } }
              run { slowdown = off, duration = 1 s }
            }
            """);

        Says(report.Enclaves[0], "the EPC of the machine was full (4096 pages (16 MiB))");
        Says(report.Enclaves[0], "big 4096 pages of vEPC");
        Says(report.Enclaves[0], "the machine needs 4099 pages");
        Assert.All(report.Enclaves[0].Why, line => Assert.DoesNotContain("cgroup", line, StringComparison.Ordinal));
    }

    [Fact]
    public void An_enclave_that_came_to_its_end_has_no_why() =>
        Assert.All(
            Run("epc { machine { nodes = [ { cpus = 2, epc = 1 MiB } ] }, enclaves { a { heap = 2 MiB } } }").Enclaves,
            one => Assert.Empty(one.Why));

    private static EnclaveReport Load(string kernel, int heap, int limit) => Run($$"""
        epc {
          kernel = "{{kernel}}"
          machine { nodes = [ { cpus = 4, epc = 64 MiB } ] }
          cgroups { /a { max = {{limit}} pages } }
          enclaves { a { cgroup = /a, heap = {{heap}} pages, code-pages = 10, steps = [ { pause = 1 ms } ] } }
          run { slowdown = off }
        }
        """).Enclaves[0];

    private static RunReport Run(string text) => new ScenarioRunner(Loading.Load(text)).Run("", CancellationToken.None);

    private static void Says(EnclaveReport enclave, string text) => Assert.True(
        enclave.Why.Any(line => line.Contains(text, StringComparison.Ordinal)),
            $"not told: {text}\n{string.Join('\n', enclave.Why)}");
}
