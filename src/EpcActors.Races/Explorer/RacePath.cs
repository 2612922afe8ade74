using System.Globalization;
using System.Text;

namespace EpcActors.Races.Explorer;

/// <summary>
/// A path through a race as text that fits into a link: <c>CPU0*2,CPU1*3,ksgxd!1</c>. A number after <c>*</c> repeats
/// the step; the letters after <c>!</c> are what the world outside answered.
/// </summary>
public static class RacePath
{
    private const int MostMoves = 20_000;

    /// <summary>Writes a path.</summary>
    public static string Format(IReadOnlyList<RaceMove> moves)
    {
        ArgumentNullException.ThrowIfNull(moves);
        StringBuilder text = new();
        for (int i = 0; i < moves.Count;)
        {
            int end = i + 1;
            while (end < moves.Count && moves[end] == moves[i])
            {
                end++;
            }

            text.Append(text.Length > 0 ? "," : "").Append(moves[i]);
            if (end - i > 1)
            {
                text.Append('*').Append((end - i).ToString(CultureInfo.InvariantCulture));
            }

            i = end;
        }

        return text.ToString();
    }

    /// <summary>Reads a path.</summary>
    /// <exception cref="RaceLinkException">The text is not a path.</exception>
    public static IReadOnlyList<RaceMove> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<RaceMove> moves = [];
        foreach (string word in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int star = word.LastIndexOf('*');
            int times = 1;
            if (
                star >= 0
                && (!int.TryParse(word.AsSpan(star + 1), NumberStyles.None, CultureInfo.InvariantCulture, out times)
                    || times is < 1 or > MostMoves))
            {
                throw new RaceLinkException(
                    $"'{word}' is not a valid step: behind '*' stands a number from 1 to {MostMoves}");
            }

            RaceMove move = One(star < 0 ? word : word[..star]);
            if (moves.Count + times > MostMoves)
            {
                throw new RaceLinkException($"the path has more than {MostMoves} steps; send it as a .schedule file");
            }

            for (int i = 0; i < times; i++)
            {
                moves.Add(move);
            }
        }

        return moves;
    }

    private static RaceMove One(string word)
    {
        int mark = word.LastIndexOf('!');
        string answers = mark < 0 ? "" : word[(mark + 1)..];
        string task = Uri.UnescapeDataString(mark < 0 ? word : word[..mark]);
        if (answers.AsSpan().ContainsAnyExcept('0', '1'))
        {
            throw new RaceLinkException($"'{word}' is not a valid step: the letters behind '!' are 0 and 1");
        }

        if (task.Length == 0 && answers.Length == 0)
        {
            throw new RaceLinkException($"'{word}' is not a valid step: the name of a task is missing");
        }

        return new RaceMove(task, answers.TrimEnd('0'));
    }
}
