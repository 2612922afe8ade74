using EpcActors.Imports.Traces;
using EpcActors.Kernel.Workloads;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Imports;

/// <summary>Recordings as traces: pages, kinds, threads, times, enclaves, and what they cannot say.</summary>
public sealed class TraceImportTests
{
    private const string Ftrace = """
        # tracer: nop
              <...>-930   [003] d..1. 6288.896762: page_fault_user: address=0x7f2000005000 ip=0x7ff7 error_code=0x7
        tokio-run-w-931   [001] d..1. 6288.896810: page_fault_user: address=0x7f20000056a0 ip=0x55bc error_code=0x4
        my b (1)-930 ( 930) [002] d..1. 6288.897000: page_fault_user: address=0x7f2000007000 ip=0x7 error_code=0x14
               bash-77    [001] d..1.  6288.897001: sched_switch: prev_comm=bash prev_pid=77
        CPU:1 [LOST 12 EVENTS]
        """;

    private const string Perf = """
        redis 930/931 [003]  6288.896762: exceptions:page_fault_user: address=0x7f2000005000 ip=0x7ff7 error_code=0x6
        my redis    950/950    6288.896763:          1  page-faults:     7f3000005abc
        """;

    private static ImportedTrace Import(
        TraceFormat format, string text, TraceImportOptions? options = null) =>
        TraceImport.Read(new StringReader(text), "r.txt", format, options ?? new TraceImportOptions());

    private static string Text(ImportedTrace trace)
    {
        using StringWriter writer = new();
        trace.Write(writer);
        return writer.ToString();
    }

    private static string Error(TraceFormat format, string text, TraceImportOptions? options = null) =>
        Assert.Throws<ConfigurationException>(() => Import(format, text, options)).Message;

    [Fact]
    public void Ftrace_gives_pages_from_the_lowest_kinds_by_error_code_threads_and_times()
    {
        ImportedTrace trace = Import(TraceFormat.Ftrace, Ftrace);

        Assert.Equal("0 enclave 0 w 0\n48 enclave 0 r 1\n238 enclave 2 x 0\n", Text(trace));
        TracedEnclave one = Assert.Single(trace.Enclaves);
        Assert.Equal(new TracedEnclave("enclave", 3, 2, 3, 2, 2, 1, 1), one);
        string notes = string.Join('\n', trace.Notes);
        Assert.Contains("this is a recording of faults", notes, StringComparison.Ordinal);
        Assert.Contains("lost 12 events", notes, StringComparison.Ordinal);
        Assert.Contains("2 lines without an access passed over, the first is line 5", notes, StringComparison.Ordinal);
    }

    [Fact]
    public void A_range_is_an_enclave_and_what_lies_elsewhere_is_left_out()
    {
        TraceImportOptions options = new()
        {
            Ranges =
            [
                EnclaveRanges.Parse("web=0x7f2000004000-0x7f2000006000")!,
                EnclaveRanges.Parse("db=0x7f2000007000-0x7f2000008000")!,
            ],
        };
        ImportedTrace trace = Import(TraceFormat.Ftrace, Ftrace, options);

        Assert.Equal("0 web 1 w 0\n48 web 1 r 1\n238 db 0 x\n", Text(trace));

        options = options with { Ranges = [options.Ranges[1]] };
        Assert.Contains(
            "2 accesses outside of the ranges left out", Import(TraceFormat.Ftrace, Ftrace, options).Notes);
        options = options with { Ranges = [new EnclaveRange("a", 0, 4096)] };
        Assert.Contains(
            "r.txt: none of 3 accesses lies in the ranges given; take the range of /dev/sgx_enclave",
            Error(TraceFormat.Ftrace, Ftrace, options),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_of_maps_has_the_range()
    {
        EnclaveRange? range = EnclaveRanges.OfMaps(
            new StringReader("""
                55bc6c555000-55bc6c577000 r-xp 00000000 08:01 77 /usr/bin/redis
                7f2000000000-7f2000001000 r--s 00000000 00:06 5 /dev/sgx_enclave
                7f2000001000-7f2004000000 rw-s 00001000 00:06 5 /dev/sgx_enclave
                """),
            "web");

        Assert.Equal(new EnclaveRange("web", 0x7f2000000000, 0x7f2004000000), range);
        Assert.Null(EnclaveRanges.OfMaps(new StringReader("nothing here"), "web"));
    }

    [Theory]
    [InlineData("web")]
    [InlineData("web=1")]
    [InlineData("web=0x20-0x10")]
    [InlineData("=0x10-0x20")]
    [InlineData("a b=0x10-0x20")]
    public void A_range_that_is_none_is_refused(string text) => Assert.Null(EnclaveRanges.Parse(text));

    [Fact]
    public void Perf_tells_processes_apart()
    {
        ImportedTrace trace = Import(TraceFormat.Perf, Perf);

        Assert.Equal("0 pid-930 0 w\n1 pid-950 0 r\n", Text(trace));
        Assert.DoesNotContain(trace.Notes, note => note.Contains("no error codes", StringComparison.Ordinal));
        Assert.Contains(
            "the recording has no error codes: every access is taken for a read",
            Import(TraceFormat.Perf, "redis 930 6288.896763: page-faults: 7f3000005abc\n").Notes);
    }

    [Fact]
    public void Bpftrace_has_five_fields_and_times_are_scaled()
    {
        const string Lines = """
            Attaching 1 probe...
            1000000 930 931 0x7f2000005000 0x7
            1000500 930 932 0x7f2000005000 0x4
            1003000 930 931 7f2000006000 0x15
            Lost 3 events
            """;
        ImportedTrace trace = Import(
            TraceFormat.Bpftrace, Lines, new TraceImportOptions { Name = "web", Scale = 10 });

        Assert.Equal("0 web 0 w 0\n5 web 0 r 1\n30 web 1 x 0\n", Text(trace));
        Assert.Equal(30_000, trace.DurationNs);
        Assert.Equal(100_000, trace.Rate);
        Assert.Contains("the recorder lost 3 events: record with a larger buffer", trace.Notes);
    }

    [Fact]
    public void Sgx_perf_has_the_base_of_the_enclave_and_only_what_comes_in()
    {
        const string Lines = """
            name,time,thread,eid,arg,enclave_start
            EnclavePageInEvent,200000,1,2,139776882520064,
            EnclavePageOutEvent,250000,1,2,139776882507776,
            "EnclavePageInEvent",300000,0,2,139776882511872,
            EnclaveCreationEvent,100000,0,2,,139776882507776
            """;
        ImportedTrace trace = Import(TraceFormat.SgxPerf, Lines, new TraceImportOptions { Name = "web" });

        Assert.Equal("0 web 3 r 0\n100 web 1 r 1\n", Text(trace));
    }

    [Fact]
    public void Arc_has_pages_and_no_times()
    {
        ImportedTrace trace = Import(
            TraceFormat.Arc,
            "4000000000 3 0 0\n4000000001 1 0 1\n12 1 0 2\n\n7 0 0 3\n",
            new TraceImportOptions { Numbering = PageNumbering.FirstUse, Name = "arc" });

        Assert.Equal("0 arc 0 r\n1 arc 1 r\n2 arc 2 r\n3 arc 1 r\n4 arc 3 r\n", Text(trace));
        Assert.Contains("span more than 2 TiB", Error(TraceFormat.Arc, "4000000000 1 0 0\n"), StringComparison.Ordinal);
        Assert.DoesNotContain(trace.Notes, note => note.Contains("faults", StringComparison.Ordinal));
    }

    [Fact]
    public void A_plain_trace_is_sorted_and_keeps_its_names()
    {
        ImportedTrace trace = Import(TraceFormat.Plain, "10 web 3 w 1\n4 db 0 r\n# x\n12 web 3 x 0\n");

        Assert.Equal("0 db 0 r\n6 web 3 w 0\n8 web 3 x 1\n", Text(trace));
        Assert.Contains("the lines were not in the order of their time, and are now", trace.Notes);
    }

    [Theory]
    [InlineData(TraceFormat.Bpftrace, "1000 930 931 0x7f 0x7 9", "r.txt:1:23: '9' is too much")]
    [InlineData(TraceFormat.Bpftrace, "1000 930 931 zz 0x7", "r.txt:1:14: address and error code are no hexadecimal")]
    [InlineData(TraceFormat.Bpftrace, "\n1000 x 931 0x7f 0x7", "r.txt:2:6: process and thread are no numbers")]
    [InlineData(TraceFormat.SgxPerf, "EnclavePageInEvent,1,2", "r.txt:1:1: the line has 3 fields, not 6")]
    [InlineData(TraceFormat.SgxPerf, "EnclavePageInEvent,1,2,x,5,", "time, thread and enclave are no numbers")]
    [InlineData(TraceFormat.Plain, "1 a 5 q", "r.txt:1:7: the kind of access is r, w or x")]
    [InlineData(TraceFormat.Plain, "x a 5 r", "r.txt:1:1: 'x' is not a time in microseconds")]
    [InlineData(TraceFormat.Arc, "1 x 0 0", "r.txt:1:3: 'x' is not a count of blocks")]
    [InlineData(TraceFormat.Arc, "1 1 0", "r.txt:1:1: the line does not have four fields")]
    [InlineData(TraceFormat.Ftrace, "a-x [1] 1.000001: page_fault_user: address=0x1000", "'x' is not a thread")]
    [InlineData(TraceFormat.Ftrace, "a-1 [1] page_fault_user: address=0x1000", "the line has no time")]
    [InlineData(TraceFormat.Ftrace, "hello\n", "r.txt: no line of it is an access; check --from")]
    [InlineData(TraceFormat.Perf, "", "no line of it is an access")]
    public void A_recording_that_is_wrong_is_told(TraceFormat format, string text, string expected) =>
        Assert.Contains(expected, Error(format, text), StringComparison.Ordinal);

    [Fact]
    public void Files_that_are_too_large_are_refused()
    {
        Assert.Contains(
            "longer than 65536 characters",
            Error(TraceFormat.Perf, new string('x', 200_000)),
            StringComparison.Ordinal);
        Assert.Contains(
            "r.txt:3:1: more than 2 accesses",
            Error(TraceFormat.Plain, "1 a 1 r\n2 a 1 r\n3 a 1 r\n", new TraceImportOptions { MaxAccesses = 2 }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Long_lines_and_ends_of_buffers_lose_nothing()
    {
        string text = string.Concat(
            Enumerable.Range(0, 20_000).Select(i => $"{i} enclave{i % 7} {i % 911} w {i / 7 % 3}\r\n"));
        ImportedTrace trace = Import(TraceFormat.Plain, text);

        Assert.Equal(20_000, trace.Accesses);
        Assert.Equal(text.Replace("\r", "", StringComparison.Ordinal), Text(trace));
    }

    [Fact]
    public void The_working_set_is_what_nine_tenths_of_the_accesses_need()
    {
        string text = string.Concat(Enumerable.Range(0, 100).Select(i => $"{i} a {(i < 90 ? i % 3 : i)} r\n"));

        Assert.Equal(3, Assert.Single(Import(TraceFormat.Plain, text).Enclaves).WorkingSetPages);
        Assert.Contains(
            "no page is accessed twice: a cache of any size misses every time",
            Import(TraceFormat.Plain, "1 a 1 r\n2 a 2 r\n").Notes);
    }

    /// <summary>Each thread replays its own accesses: two that compute take half of the time of one.</summary>
    [Fact]
    public void Threads_of_a_trace_run_side_by_side()
    {
        string folder = Directory.CreateTempSubdirectory("epc-threads-").FullName;
        try
        {
            string lines = string.Concat(
                Enumerable.Range(0, 2000).Select(i => $"{i * 10} a {i % 50} r {i % 2}\n"));
            File.WriteAllText(Path.Combine(folder, "a.trace"), lines);
            long one = Run(folder, 1);
            long two = Run(folder, 2);

            Assert.InRange(one, 19_000_000, 30_000_000);
            Assert.InRange(two, 19_000_000, one);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static long Run(string folder, int threads)
        {
            string file = Path.Combine(folder, "a.conf");
            File.WriteAllText(file, $$"""
                epc {
                  machine { nodes = [ { cpus = 4, epc = 4 MiB } ] }
                  enclaves { a { heap = 50 pages, threads = {{threads}}, steps = [ { trace = "a.trace" } ] } }
                  run { slowdown = off }
                }
                """);
            Scenario scenario = ScenarioLoader.Load(file, [], null, ConfigEnvironment.Default);
            RunReport report = new ScenarioRunner(scenario, null).Run("", CancellationToken.None);
            EnclaveReport enclave = Assert.Single(report.Enclaves);
            Assert.Equal(EnclaveOutcome.Finished, enclave.Outcome);
            Assert.Equal(2000, enclave.Accesses);
            return enclave.Steps.Single(step => step.Name == "trace").TimeNs;
        }
    }

    public static TheoryData<string, TraceFormat> Samples => new()
    {
        { "ftrace.txt", TraceFormat.Ftrace },
        { "perf.txt", TraceFormat.Perf },
        { "bpftrace.txt", TraceFormat.Bpftrace },
        { "sgx-perf.csv", TraceFormat.SgxPerf },
        { "arc.lis", TraceFormat.Arc },
        { "two-enclaves.trace", TraceFormat.Plain },
        { "store.trace", TraceFormat.Plain },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_becomes_a_trace_that_scenarios_read(string name, TraceFormat format)
    {
        TraceImportOptions options = new()
        {
            Numbering = format is TraceFormat.Arc or TraceFormat.Ftrace ? PageNumbering.FirstUse : PageNumbering.AsIs,
        };
        using StreamReader reader = new(Importing.SamplePath(name));
        ImportedTrace trace = TraceImport.Read(reader, name, format, options);
        AccessTrace read = AccessTraceReader.Read(new StringReader(Text(trace)), name);

        Assert.Equal(trace.Accesses, read.Count);
        Assert.Equal(trace.Enclaves.Select(one => one.Name).Order(), read.Enclaves.Order());
        Assert.All(trace.Enclaves, one =>
            Assert.Equal(one.HeapPages, read.HeapPagesOf(read.IndexOfEnclave(one.Name))));
        Assert.InRange(read.Count, 90, 4000);
    }
}
