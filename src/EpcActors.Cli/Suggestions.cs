namespace EpcActors.Cli;

/// <summary>Finds what was meant by a word that was mistyped.</summary>
internal static class Suggestions
{
    // A letter left out or too many is a likelier slip than a wrong one: --sed means --seed rather than --set.
    private const int Single = 2;

    private const int Wrong = 3;

    /// <summary>The nearest of <paramref name="known"/>, or null when none is near enough to be meant.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        string? nearest = null;
        int least = (Single * Math.Max(2, Bare(word).Length / 3)) + 1;
        foreach (string candidate in known)
        {
            int distance = Distance(word, candidate);
            if (distance < least)
            {
                least = distance;
                nearest = candidate;
            }
        }

        return nearest ?? known.FirstOrDefault(one => Bare(word).Length >= 3
            && (Bare(one).StartsWith(Bare(word), StringComparison.OrdinalIgnoreCase)
                || Bare(word).StartsWith(Bare(one), StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>The end of a sentence: <c>; did you mean X?</c>, or its full stop.</summary>
    public static string DidYouMeanOrStop(string word, IEnumerable<string> known) =>
        DidYouMean(word, known) is { Length: > 0 } meant ? meant : ".";

    /// <summary><c>; did you mean X?</c>, or nothing.</summary>
    public static string DidYouMean(string word, IEnumerable<string> known) =>
        Nearest(word, known) is { } nearest ? $"; did you mean {nearest}?" : "";

    /// <summary>
    /// Weight of the insertions, deletions, changes and swaps of neighbours that make one of the other, case aside.
    /// </summary>
    private static int Distance(string a, string b)
    {
        int[,] steps = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    steps[i, j] = Single * (i + j);
                    continue;
                }

                int cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : Wrong;
                steps[i, j] = Math.Min(Math.Min(steps[i - 1, j], steps[i, j - 1]) + Single, steps[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    steps[i, j] = Math.Min(steps[i, j], steps[i - 2, j - 2] + Single);
                }
            }
        }

        return steps[a.Length, b.Length];
    }

    private static string Bare(string word) => word.TrimStart('-');
}
