using System.Text;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;
using FsCheck;
using FsCheck.Fluent;

namespace EpcActors.Tests.Scenarios.Workloads;

public sealed class AccessTraceTests
{
    [Fact]
    public void A_good_trace_is_read()
    {
        AccessTrace trace = Read(
            """
            # two enclaves
            0 redis 5 r

            	10   nginx	0 x   # a comment behind
            10 redis 7 w
            """);

        Assert.Equal(3, trace.Count);
        Assert.Equal(["redis", "nginx"], trace.Enclaves);
        Assert.Equal(new TraceEntry(0, 0, 5, PageAccessKind.Read), trace[0]);
        Assert.Equal(new TraceEntry(10, 1, 0, PageAccessKind.Execute), trace[1]);
        Assert.Equal(new TraceEntry(10, 0, 7, PageAccessKind.Write), trace[2]);
        Assert.Equal(10, trace.DurationUs);
        Assert.Equal(1, trace.IndexOfEnclave("nginx"));
        Assert.Equal(-1, trace.IndexOfEnclave("mysql"));
        Assert.Equal(2, trace.AccessesOf(0));
        Assert.Equal(8, trace.HeapPagesOf(0));
        Assert.Equal(1, trace.HeapPagesOf(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => trace[3]);
    }

    [Fact]
    public void An_empty_trace_is_a_trace()
    {
        AccessTrace trace = Read("# nothing\n\n");
        Assert.Equal(0, trace.Count);
        Assert.Equal(0, trace.DurationUs);
        Assert.Empty(trace.Enclaves);
    }

    [Theory]
    [InlineData("x a 1 r", 1, 1, "'x' is not a time in microseconds")]
    [InlineData("-1 a 1 r", 1, 1, "'-1' is not a time in microseconds")]
    [InlineData("1.5 a 1 r", 1, 1, "'1.5' is not a time in microseconds")]
    [InlineData("0 a 1 r\n  5", 2, 4, "the enclave's name is missing")]
    [InlineData("0 a", 1, 4, "page is missing")]
    [InlineData("0 a #1 r", 1, 4, "page is missing")]
    [InlineData("0 a one r", 1, 5, "'one' is not a page")]
    [InlineData("0 a 0x10 r", 1, 5, "'0x10' is not a page")]
    [InlineData("0 a 2147483647 r", 1, 5, "'2147483647' is not a page")]
    [InlineData("0 a 99999999999999999999 r", 1, 5, "'99999999999999999999' is not a page")]
    [InlineData("0 a 1", 1, 6, "the kind of access is missing")]
    [InlineData("0 a 1 R", 1, 7, "'R' is not a kind of access")]
    [InlineData("0 a 1 rw", 1, 7, "'rw' is not a kind of access")]
    [InlineData("0 a 1 r r", 1, 9, "'r' is not a thread")]
    [InlineData("0 a 1 r 4096", 1, 9, "'4096' is not a thread")]
    [InlineData("0 a 1 r 1 r", 1, 11, "'r' is too much")]
    [InlineData("# head\n7 a 1 r\n6 a 1 r", 3, 1, "time 6 comes after 7")]
    public void A_bad_line_says_where_and_what(string text, int line, int column, string problem)
    {
        TraceFormatException error = Assert.Throws<TraceFormatException>(() => Read(text));
        Assert.Equal((line, column, problem), (error.Line, error.Column, error.Problem));
        Assert.NotEmpty(error.Remedy);
        Assert.Equal($"test.trace:{line}:{column}: {problem}; {error.Remedy}", error.Message);
    }

    [Fact]
    public void Too_long_a_trace_is_refused()
    {
        StringReader reader = new("0 a 0 r\n0 a 1 r\n0 a 2 r\n");
        TraceFormatException error = Assert.Throws<TraceFormatException>(
            () => AccessTraceReader.Read(reader, "test.trace", maxAccesses: 2));
        Assert.Equal(3, error.Line);
    }

    [Fact]
    public void Any_trace_reads_back_as_it_was_written()
    {
        Prop.ForAll<ulong>(seed =>
        {
            Prng prng = new(seed);
            List<TraceEntry> entries = [];
            StringBuilder text = new();
            long time = 0;
            int count = prng.NextBelow(3000);
            for (int i = 0; i < count; i++)
            {
                time += prng.NextBelow(1000);
                int enclave = entries.Count == 0 ? 0 : prng.NextBelow(Math.Min(3, entries.Count));
                int page = prng.NextBelow(int.MaxValue);
                PageAccessKind kind = (PageAccessKind)prng.NextBelow(3);
                entries.Add(new TraceEntry(time, enclave, page, kind));
                text.Append(time).Append(" e").Append(enclave).Append(' ').Append(page).Append(' ')
                    .Append("rwx"[(int)kind]).Append('\n');
            }

            AccessTrace trace = Read(text.ToString());
            bool isSame = trace.Count == count;
            for (int i = 0; isSame && i < count; i++)
            {
                TraceEntry read = trace[i];
                isSame = trace.Enclaves[read.Enclave] == "e" + entries[i].Enclave
                    && read with { Enclave = entries[i].Enclave } == entries[i];
            }

            return isSame;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_trace_is_replayed_per_enclave()
    {
        AccessTrace trace = Read("0 a 5 r\n1 b 1 w\n2 a 3 x\n3 b 2 r\n");
        TracePattern pattern = new(trace, 0);

        Assert.Equal(6, pattern.PageCount);
        Assert.Equal(2, pattern.Length);
        Assert.Equal(new PageAccess(5, PageAccessKind.Read), pattern.Next());
        AccessPattern clone = pattern.Clone();
        Assert.Equal(new PageAccess(3, PageAccessKind.Execute), pattern.Next());
        Assert.True(pattern.IsAtEnd);
        Assert.Equal(new PageAccess(3, PageAccessKind.Execute), clone.Next());
        pattern.Reset();
        Assert.Equal(new PageAccess(5, PageAccessKind.Read), pattern.Next());
        Assert.Throws<ArgumentException>(() => new TracePattern(trace, 2));
    }

    [Fact]
    public void A_trace_may_tell_threads_from_one_another()
    {
        AccessTrace trace = Read("0 a 1 r\n1 a 2 w 3\n2 b 0 x 0 # main\n");

        Assert.Equal([0, 3, 0], Enumerable.Range(0, 3).Select(i => trace[i].Thread));
        Assert.Equal(new TraceEntry(1, 0, 2, PageAccessKind.Write, 3), trace[1]);
    }

    private static AccessTrace Read(string text) => AccessTraceReader.Read(new StringReader(text), "test.trace");
}
