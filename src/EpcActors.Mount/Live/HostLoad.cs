using System.Globalization;

namespace EpcActors.Mount.Live;

/// <summary>
/// Threads of the host that run or wait for a processor, those of this process left out: an average over about a
/// second, by /proc.
/// </summary>
internal sealed class HostLoad
{
    /// <summary>Share of a new look in the average.</summary>
    private const double Weight = 0.15;

    /// <summary>The average, threads.</summary>
    public double Average { get; private set; }

    /// <summary>Looks, and says how much slower than without others virtual time should pass.</summary>
    public double Look()
    {
        Add(Runnable() - Own());
        return Slowdown;
    }

    /// <summary>One look more.</summary>
    /// <param name="others">Threads of others that are runnable.</param>
    internal void Add(int others) => Average += Weight * (Math.Max(0, others) - Average);

    /// <summary>
    /// Turns that a processor has for each thread: with as many others as processors each of them gets its own.
    /// </summary>
    internal double Slowdown => Math.Max(1, Average / Environment.ProcessorCount);

    /// <summary>The fourth word of /proc/loadavg is RUNNABLE/ALL.</summary>
    private static int Runnable()
    {
        string word = File.ReadAllText("/proc/loadavg").Split(' ')[3];
        return int.Parse(word.AsSpan(0, word.IndexOf('/')), CultureInfo.InvariantCulture);
    }

    private static int Own()
    {
        int count = 0;
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                string text = File.ReadAllText($"{thread}/stat");
                count += text[text.LastIndexOf(')') + 2] == 'R' ? 1 : 0;
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return count;
    }
}
