using System.Diagnostics;
using System.Globalization;
using EpcActors.Results;
using EpcActors.Runs;
using HdrHistogram;
using HdrHistogram.Iteration;

namespace EpcActors.Benchmarks;

/// <summary>
/// The histogram of fault latencies beside HdrHistogram with buckets of the same width: time, memory and allocation of
/// a record, and whether both say the same of the same values. All kinds take the same values in turns, in one process.
/// </summary>
internal static class LatencyCost
{
    private const int Values = 1 << 20;
    private const long Highest = 1L << 62;

    /// <summary>One significant digit: sixteen steps to a power of two, as ours has.</summary>
    private const int Digits = 1;

    /// <summary>Histograms that take values in turns: a run has one for the machine and one for each cgroup.</summary>
    private const int Spread = 64;

    private static readonly Kind[] Kinds =
    [
        new("LatencyHistogram", Ours),
        new("LongHistogram", values => Hdr(values, () => new LongHistogram(1, Highest, Digits))),
        new("IntHistogram", values => Hdr(values, () => new IntHistogram(1, Highest, Digits))),
        new("LongConcurrentHistogram", values => Hdr(values, () => new LongConcurrentHistogram(1, Highest, Digits))),
        new("Recorder", Recorded),
    ];

    /// <summary><c>latencies [ROUNDS]</c></summary>
    public static int Run(string[] args)
    {
        int rounds = Math.Max(3, args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 15);
        long[] values = NewValues();
        double[][] times = [.. Kinds.Select(_ => new double[rounds])];
        double[] allocated = new double[Kinds.Length];
        for (int round = -2; round < rounds; round++)
        {
            for (int i = 0; i < Kinds.Length; i++)
            {
                // The first of a round changes, so that a machine that gets slower favours none.
                int kind = (i + round + Kinds.Length) % Kinds.Length;
                (TimeSpan time, long bytes) = Kinds[kind].Record(values);
                if (round >= 0)
                {
                    times[kind][round] = time.TotalNanoseconds / Values;
                    allocated[kind] = Math.Max(allocated[kind], (double)bytes / Values);
                }
            }
        }

        Console.WriteLine("| histogram | ns a record: least, median | ratio to ours | bytes allocated | size |");
        Console.WriteLine("|---|---|---|---|---|");

        // The least is what it takes; others of the machine only ever make one slower.
        for (int kind = 0; kind < Kinds.Length; kind++)
        {
            double[] ratios = [.. times[kind].Zip(times[0], (one, ours) => one / ours).Order()];
            double[] sorted = [.. times[kind].Order()];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {Kinds[kind].Name} | {sorted[0]:0.00}, {sorted[rounds / 2]:0.00} | {ratios[rounds / 2]:0.00} "
                    + $"({ratios[0]:0.00} to {ratios[^1]:0.00}) | {allocated[kind]:0.0} | {SizeOf(kind)} |"));
        }

        Compare(values);
        ReadWhileRecording(values);
        return 0;
    }

    /// <summary>Latencies of faults: most about a microsecond, a few of a thousand.</summary>
    private static long[] NewValues()
    {
        long[] values = new long[Values];
        ulong state = 1;
        for (int i = 0; i < values.Length; i++)
        {
            double sum = 0;
            for (int k = 0; k < 6; k++)
            {
                state = (state * 6364136223846793005) + 1442695040888963407;
                sum += (state >> 40) / (double)(1 << 24);
            }

            values[i] = (long)Math.Exp(7.5 + (2.2 * (sum - 3)));
        }

        return values;
    }

    private static (TimeSpan Time, long Bytes) Ours(long[] values)
    {
        LatencyHistogram[] histograms = [.. Enumerable.Range(0, Spread).Select(_ => new LatencyHistogram())];
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < values.Length; i++)
        {
            histograms[i & (Spread - 1)].Add(values[i]);
        }

        return (Stopwatch.GetElapsedTime(began), GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    private static (TimeSpan Time, long Bytes) Hdr(long[] values, Func<HistogramBase> create)
    {
        HistogramBase[] histograms = [.. Enumerable.Range(0, Spread).Select(_ => create())];
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < values.Length; i++)
        {
            histograms[i & (Spread - 1)].RecordValue(values[i]);
        }

        return (Stopwatch.GetElapsedTime(began), GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    private static (TimeSpan Time, long Bytes) Recorded(long[] values)
    {
        Recorder[] recorders = [.. Enumerable.Range(0, Spread).Select(_ => NewRecorder())];
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < values.Length; i++)
        {
            recorders[i & (Spread - 1)].RecordValue(values[i]);
        }

        return (Stopwatch.GetElapsedTime(began), GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    /// <summary>HdrHistogram's way to read beside a writer: two histograms that change places.</summary>
    private static Recorder NewRecorder() => HistogramFactory
        .With64BitBucketSize()
        .WithValuesUpTo(Highest)
        .WithPrecisionOf(Digits)
        .WithThreadSafeReads()
        .Create();

    private static long SizeOf(int kind)
    {
        object[] kept = new object[256];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = kind switch
            {
                0 => new LatencyHistogram(),
                1 => new LongHistogram(1, Highest, Digits),
                2 => new IntHistogram(1, Highest, Digits),
                3 => new LongConcurrentHistogram(1, Highest, Digits),
                _ => NewRecorder(),
            };
        }

        long bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / kept.Length;
        GC.KeepAlive(kept);
        return bytes;
    }

    private static void Compare(long[] values)
    {
        LatencyHistogram ours = new();
        LongHistogram theirs = new(1, Highest, Digits);
        foreach (long value in values)
        {
            ours.Add(value);
            theirs.RecordValue(value);
        }

        LatencyReport report = ours.ToReport();
        (long UpToNs, long Count)[] buckets =
            [.. theirs.RecordedValues().Select(one => (one.ValueIteratedTo, one.CountAddedInThisIterationStep))];
        bool areEqual = buckets.SequenceEqual(report.Buckets.Select(one => (one.UpToNs, one.Count)));
        Console.WriteLine();
        Console.WriteLine("| of the same values | exact | LatencyHistogram | LongHistogram |");
        Console.WriteLine("|---|---|---|---|");
        long[] sorted = [.. values.Order()];
        Row("least", sorted[0], report.MinNs, theirs.RecordedValues().First().ValueIteratedTo);
        Row("p50", sorted[(Values / 2) - 1], report.P50Ns, theirs.GetValueAtPercentile(50));
        Row("p99.9", sorted[(int)(Values * 0.999)], report.P999Ns, theirs.GetValueAtPercentile(99.9));
        Row("greatest", sorted[^1], report.MaxNs, theirs.GetMaxValue());
        Row("mean", (long)values.Average(), report.SumNs!.Value / report.Count, (long)theirs.GetMean());
        Console.WriteLine($"buckets and their counts: {(areEqual ? "equal" : "different")}");
    }

    private static void Row(string name, long exact, long ours, long theirs) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {exact} | {ours} | {theirs} |"));

    /// <summary>A sampler reads the histogram of each thread while that thread records.</summary>
    private static void ReadWhileRecording(long[] values)
    {
        LongHistogram shared = new(1, Highest, Digits);
        using CancellationTokenSource end = new();
        Thread writer = new(() =>
        {
            for (int i = 0; !end.IsCancellationRequested; i = (i + 1) & (Values - 1))
            {
                shared.RecordValue(values[i]);
            }
        });
        writer.Start();
        int failed = 0;
        const int Reads = 1000;
        for (int i = 0; i < Reads; i++)
        {
            try
            {
                foreach (HistogramIterationValue _ in shared.RecordedValues())
                {
                }
            }
            catch (InvalidOperationException)
            {
                failed++;
            }
        }

        end.Cancel();
        writer.Join();
        Console.WriteLine($"reads of a LongHistogram while another thread records: {failed} of {Reads} fail");
    }

    private sealed record Kind(string Name, Func<long[], (TimeSpan Time, long Bytes)> Record);
}
