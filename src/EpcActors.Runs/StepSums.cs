using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>One step of one enclave, summed over its threads.</summary>
internal sealed record StepSum(StepRole Role, int Number, string Name, string Text)
{
    private long _startNs = long.MaxValue;
    private long _endNs;

    /// <summary>Time of all threads together, nanoseconds.</summary>
    public long ThreadNs { get; private set; }

    public long Accesses { get; private set; }

    public long Faults { get; private set; }

    public long FaultNs { get; private set; }

    public long Reloads { get; private set; }

    public bool IsUnfinished { get; private set; }

    public bool HasBegun => _startNs != long.MaxValue;

    public long TimeNs => HasBegun ? _endNs - _startNs : 0;

    /// <summary>Slowdowns of whole programs are about these: what the program is there for.</summary>
    public bool IsMainWork => Role == StepRole.Step && Name is "run" or "trace";

    public void Add(StepTime time, long runEndNs)
    {
        if (!time.HasBegun)
        {
            return;
        }

        long endNs = time.HasEnded ? time.EndNs : time.DiedNs >= 0 ? time.DiedNs : runEndNs;
        _startNs = Math.Min(_startNs, time.StartNs);
        _endNs = Math.Max(_endNs, endNs);
        ThreadNs += endNs - time.StartNs;
        Accesses += time.Accesses;
        Faults += time.Faults;
        FaultNs += time.FaultNs;
        Reloads += time.Reloads;
        IsUnfinished |= !time.HasEnded;
    }

    /// <summary>
    /// Ratio of this time to that of <paramref name="alone"/>; null when one of them has no figure. Per access where
    /// the numbers of accesses differ, because one run was cut off.
    /// </summary>
    public double? Slowdown(StepSum alone)
    {
        double? there = TimeAlone(alone);
        return HasBegun && there > 0 ? ThreadNs / there : null;
    }

    /// <summary>Time that the accesses made here take alone, nanoseconds of all threads.</summary>
    public double? TimeAlone(StepSum alone)
    {
        bool isWhole = !IsUnfinished && !alone.IsUnfinished && Accesses == alone.Accesses;
        return !alone.HasBegun || alone.ThreadNs <= 0 ? null
            : isWhole ? alone.ThreadNs
            : Role != StepRole.Total && Accesses > 0 && alone.Accesses > 0
                ? (double)alone.ThreadNs * Accesses / alone.Accesses
            : null;
    }

    public StepReport Report(double? slowdown) => new()
    {
        Role = Role,
        Number = Number,
        Name = Name,
        Text = Text,
        TimeNs = TimeNs,
        IsUnfinished = IsUnfinished,
        Accesses = Accesses,
        Faults = Faults,
        FaultNs = FaultNs,
        Reloads = Reloads,
        Slowdown = slowdown,
    };

    /// <summary>
    /// The steps of an enclave, those of forked children behind its own; also those that it did not come to.
    /// </summary>
    public static IReadOnlyList<StepSum> Of(EnclaveActors actors, long runEndNs)
    {
        List<StepSum> sums = [];
        AddProgram(sums, actors.Spec.Steps, actors.Threads, "", runEndNs);
        int child = 0;
        foreach (StepSpec.Fork fork in actors.Spec.Steps.OfType<StepSpec.Fork>())
        {
            AddProgram(sums, fork.Steps, [actors.Children[child]], $"child-{child}/", runEndNs);
            child++;
        }

        sums.Add(Total(sums, actors.Threads, runEndNs));
        return sums;
    }

    /// <summary>
    /// From the begin of the load to the end of the exit; accesses and faults are those of all steps.
    /// </summary>
    private static StepSum Total(List<StepSum> steps, IReadOnlyList<EnclaveThread> threads, long runEndNs)
    {
        StepSum total = new(StepRole.Total, 0, "total", "");
        if (threads.Count > 0)
        {
            StepTimes first = threads[0].Times;
            total.Add(
                new StepTime
                {
                    StartNs = first.Read(StepTimes.Load, 0).StartNs,
                    EndNs = threads.Max(one => one.Times.Read(one.Times.Exit, 0).EndNs),
                    DiedNs = -1,
                    Accesses = steps.Sum(one => one.Accesses),
                    Faults = steps.Sum(one => one.Faults),
                    FaultNs = steps.Sum(one => one.FaultNs),
                    Reloads = steps.Sum(one => one.Reloads),
                },
                runEndNs);
        }

        return total;
    }

    private static void AddProgram(
        List<StepSum> sums, IReadOnlyList<StepSpec> steps, IReadOnlyList<EnclaveThread> threads, string prefix,
            long runEndNs)
    {
        bool isChild = prefix.Length > 0;
        if (!isChild)
        {
            Sum(new StepSum(StepRole.Load, 0, "load", "CREATE to INIT"), StepTimes.Load);
        }

        for (int phase = 0; phase < steps.Count; phase++)
        {
            (string name, string text) = StepNames.Describe(steps[phase]);
            if (steps[phase] is StepSpec.Pattern { WarmUp: > 0 })
            {
                Sum(new StepSum(StepRole.WarmUp, phase + 1, $"{prefix}warm-up", text), StepTimes.WarmUpOf(phase));
            }

            Sum(new StepSum(StepRole.Step, phase + 1, prefix + name, text), StepTimes.StepOf(phase));
        }

        if (threads.Count > 0 && threads[0].Times is { } times)
        {
            Sum(new StepSum(StepRole.Exit, 0, $"{prefix}exit", "to the release of the last page"), times.Exit);
        }

        void Sum(StepSum sum, int slot)
        {
            foreach (EnclaveThread thread in threads)
            {
                sum.Add(thread.Times.Read(slot, thread.Accesses), runEndNs);
            }

            sums.Add(sum);
        }
    }
}
