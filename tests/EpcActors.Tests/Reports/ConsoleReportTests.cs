using EpcActors.Results;

namespace EpcActors.Tests.Reports;

public sealed class ConsoleReportTests
{
    [Fact]
    public void A_quiet_run_at_80_columns()
    {
        const string expected = """
            scenario  noisy-neighbour.conf: A best-effort pod must not slow the critical one
            kernel    epc-cgroup-v8 with worker-headroom-pages = 64
            engine    simulation, seed 42, trace 9f86d081884c7d65
            time      2.00 s virtual in 813 ms of host time, 12 345 678 steps

            EPC of each cgroup (misc.max, misc.current, misc.peak, misc.events)
              cgroup                max   current      peak  events  events.local
              /                     max  63.2 MiB  72.0 MiB       0             0
                kubepods            max  63.2 MiB  72.0 MiB   1 234             0
                  critical     48.0 MiB  39.2 MiB  40.0 MiB       0             0
                  best-effort  24.0 MiB  24.0 MiB  32.0 MiB   1 234         1 234

            Paging of each cgroup and below
              cgroup         faults  retries  evictions  reloads      p50      p99  slowdown
              /              65 432       12     51 000   42 000  12.4 µs  96.0 µs     2.13×
                kubepods     65 432        0     51 000   42 000  12.4 µs  96.0 µs         -
                  critical   10 240        0          0        0        -        -     1.01×
                  be…effort  55 192       12     51 000   42 000  12.4 µs  96.0 µs    14.50×

            NUMA nodes
              node  cpus  capacity   pages   free  poisoned  allocations  remote
                 0     8  93.5 MiB  23 936  7 762         0       77 777   0.0 %
              sgx_nr_free_pages 7 762, free lists 7 762: they agree

            Enclaves (pages)
              enclave    cgroup            outcome   faults  resident  swapped  VA  slowdown
              redis      /kubepo…critical  finished  10 240    10 030        0  20     1.01×
              analytics  /kubepo…t-effort  running   55 192     6 100   19 500  44    14.50×

            Where CPU time went
               share     time      count  activity
              50.1 %   8.02 s  9 876 543  enclave (user)
              25.0 %   4.00 s     42 000  __eldu
              24.8 %   3.97 s     51 000  sgx_encl_ewb
              <0.1 %  6.40 ms      3 188  sgx_ipi_cb

            ksgxd     1 wake-up, 128 pages reclaimed, busy 1.2 % of virtual time
            faults    65 432: p50 12.4 µs, p90 18.9 µs, p99 96.0 µs, p99.9 410 µs, max
                      1.25 ms

            Expected by the scenario
              ✓ cgroup /kubepods/critical slowdown < 1.1 (found: 1.01)
              ✓ no enclave is killed

            Notes
              - The limit of /kubepods/best-effort is below its working set: it pages for as
                long as it runs.

            PASS: every rule held for 2.00 s of virtual time, 12 345 678 steps

            """;
        Assert.Equal(expected.ReplaceLineEndings("\n"), Render.Console(SampleReports.Quiet(), 80));
    }

    [Fact]
    public void An_empty_run_has_no_empty_tables()
    {
        const string expected = """
            scenario  empty.conf
            kernel    epc-cgroup-v8
            engine    simulation, seed 0, trace 0000000000000000
            time      0 ns virtual in 250 µs of host time, 0 steps

            ksgxd     0 wake-ups, 0 pages reclaimed, busy 0.0 % of virtual time

            INCONCLUSIVE: the run was cancelled or its budget ended before it could be judged

            """;
        Assert.Equal(expected.ReplaceLineEndings("\n"), Render.Console(SampleReports.Empty()));
    }

    [Fact]
    public void On_a_violation_the_last_line_is_the_replay_command_in_one_piece()
    {
        RunReport report = SampleReports.Hang();
        string[] lines = Render.Console(report, 80).TrimEnd('\n').Split('\n');
        Assert.True(report.ReplayCommand.Length > 80);
        Assert.Equal(report.ReplayCommand, lines[^1]);
        Assert.Equal("VIOLATION: 2 rules broken: liveness, counter-equals-lists; 1 of 1 expectation", lines[^3]);
        Assert.Contains("  liveness at 1.75 s", lines);
        Assert.Contains("  ✗ verdict = pass (found: violation of liveness)", lines);
        Assert.Contains("  sgx_nr_free_pages 187, free lists 0: the counter is 187 too high", lines);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(140)]
    public void No_line_is_wider_than_the_console_and_none_ends_in_blanks(int width)
    {
        foreach (RunReport report in (RunReport[])[SampleReports.Quiet(), SampleReports.Hang(), SampleReports.Crowd(),
            SampleReports.Escapes(), SampleReports.Large(50)])
        {
            string text = Render.Console(report, width);
            foreach (string line in text.Split('\n').Where(l => !l.StartsWith("epc run ", StringComparison.Ordinal)))
            {
                Assert.True(line.Length <= width, $"{line.Length} columns: {line}");
                Assert.Equal(line.TrimEnd(), line);
            }
        }
    }

    [Fact]
    public void A_wide_console_shows_the_exact_bytes_as_well()
    {
        Assert.Contains("24.0 MiB     25165824", Render.Console(SampleReports.Quiet(), 140), StringComparison.Ordinal);
        Assert.DoesNotContain("25165824", Render.Console(SampleReports.Quiet(), 100), StringComparison.Ordinal);
    }

    [Fact]
    public void Hundreds_of_enclaves_are_cut_with_a_word_and_the_bad_ones_stay()
    {
        string text = Render.Console(SampleReports.Crowd());
        Assert.Contains("  276 of 300 enclaves left out:\n", text, StringComparison.Ordinal);
        Assert.Contains("fn-150", text, StringComparison.Ordinal);
        Assert.Contains("enomem", text, StringComparison.Ordinal);
        Assert.Contains("oom-killed", text, StringComparison.Ordinal);
        Assert.Contains(" finished in /kubepods/critical: ", text, StringComparison.Ordinal);
        Assert.Contains("  - fn-150: SGX_IOC_ENCLAVE_ADD_PAGES: ENOMEM\n", text, StringComparison.Ordinal);
        Assert.True(text.Split('\n').Length < 100);
    }

    [Fact]
    public void A_name_cannot_send_control_characters_to_the_terminal()
    {
        string text = Render.Console(SampleReports.Escapes());
        Assert.DoesNotContain('\u001b', text);
        Assert.Contains("\\u001b[31m", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_unicode_there_is_only_ascii()
    {
        string text = Render.Console(SampleReports.Hang(), 80, isUnicode: false);
        Assert.DoesNotContain(text, c => c > 127);
        Assert.Contains("  NO verdict = pass", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_for_guests_and_memory_cgroups_come_when_there_are_any()
    {
        string text = Render.Console(SampleReports.Escapes(), 140);
        Assert.Contains("Virtual EPC of guests", text, StringComparison.Ordinal);
        Assert.Contains("Bad address", text, StringComparison.Ordinal);
        Assert.Contains("OOM kills", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Virtual EPC", Render.Console(SampleReports.Quiet()), StringComparison.Ordinal);
    }
}
