using EpcActors.Kernel.Workloads;
namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>
/// The pages of a sequence that are touched at regular intervals and at no other time: those of a scan that no other
/// access touches. A page that is touched at random has intervals of any length.
/// </summary>
/// <param name="Pages">How many.</param>
/// <param name="Interval">Accesses from one visit to the next, mean.</param>
internal readonly record struct RegularPages(int Pages, double Interval)
{
    /// <summary>Longest interval of a candidate, as a multiple of its shortest.</summary>
    private const double Spread = 1.25;

    /// <summary>Width of a bin in which intervals are counted.</summary>
    private const double BinRatio = 1.03;

    /// <summary>How many deviations an interval may lie off the mean.</summary>
    private const double Deviations = 5;

    /// <summary>Finds them; none when too few pages come twice again.</summary>
    public static RegularPages Of(AccessSequence sequence)
    {
        int pages = sequence.PageCount;
        int[] last = new int[pages];
        int[] gaps = new int[pages];
        int[] first = new int[pages];
        int[] shortest = new int[pages];
        int[] longest = new int[pages];
        ReadOnlySpan<int> accesses = sequence.Pages;
        for (int i = 0; i < accesses.Length; i++)
        {
            int page = accesses[i];
            int gap = i + 1 - last[page];
            if (last[page] == 0)
            {
                first[page] = i;
                shortest[page] = int.MaxValue;
            }
            else
            {
                gaps[page]++;
                shortest[page] = Math.Min(shortest[page], gap);
                longest[page] = Math.Max(longest[page], gap);
            }

            last[page] = i + 1;
        }

        double interval = CommonInterval(gaps, shortest, longest, accesses.Length);
        if (interval == 0)
        {
            return default;
        }

        // Twice: the first time with a guess of how many pages it is, which gives the deviation.
        RegularPages found = new(0, interval);
        double width = 0.1;
        for (int round = 0; round < 3; round++)
        {
            // A visit in each interval of the sequence, but for the first and the last, and one that chance takes.
            double least = Math.Max(2, Math.Floor(accesses.Length / found.Interval) - 2);
            double sum = 0;
            int count = 0;
            for (int page = 0; page < pages; page++)
            {
                if (gaps[page] >= least && shortest[page] >= found.Interval * (1 - width)
                    && longest[page] <= found.Interval * (1 + width))
                {
                    count++;
                    sum += (double)(last[page] - 1 - first[page]) / gaps[page];
                }
            }

            if (count == 0)
            {
                return default;
            }

            found = new RegularPages(count, sum / count);
            width = Math.Clamp(Deviations / Math.Sqrt(count), 0.02, 0.15);
        }

        return found;
    }

    /// <summary>The interval that most candidates have in common; 0 without any.</summary>
    private static double CommonInterval(int[] gaps, int[] shortest, int[] longest, int accesses)
    {
        double bin = DeterministicMath.Ln(BinRatio);
        int[] counts = new int[(int)(DeterministicMath.Ln(accesses + 1.0) / bin) + 2];
        for (int page = 0; page < gaps.Length; page++)
        {
            if (gaps[page] >= 2 && longest[page] <= shortest[page] * Spread)
            {
                counts[(int)(DeterministicMath.Ln((shortest[page] + longest[page]) / 2.0) / bin)]++;
            }
        }

        int best = 0;
        for (int i = 1; i < counts.Length; i++)
        {
            best = counts[i] > counts[best] ? i : best;
        }

        return counts[best] == 0 ? 0 : DeterministicMath.Exp((best + 0.5) * bin);
    }
}
