using System.Text;
using EpcActors.Kernel.Random;

namespace EpcActors.Tests.Robustness;

/// <summary>
/// Changes texts as a tired hand or a hostile one would: characters, words, lines, pieces of other texts.
/// </summary>
internal sealed class Mutator(Prng prng, IReadOnlyList<string> corpus)
{
    private static readonly string[] Words =
    [
        "0",
        "-1",
        "1",
        "99999999999999999999",
        "1e308",
        "1e308 MiB",
        ".5",
        "1h30m",
        "-3 s",
        "101 %",
        "9e18 d",
        "max",
        "forever",
        "null",
        "true",
        "{}",
        "[]",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\"\"\"",
        "${",
        "${?x}",
        "${epc.seed}",
        "include \"x\"",
        "include required(\"x\")",
        "+=",
        "=",
        ":",
        ",",
        "#",
        "//",
        "\\",
        "\u0000",
        "\u001b[31m",
        "\u202e",
        "\ufffd",
        "\ud800",
        "/",
        "/a",
        "a",
        "*",
        "?",
        "..",
        "0..99999999",
        "2 pages",
        "16 TiB",
        "yes",
        "no",
        "cycle:",
        "steps:",
        "scenario:",
        "\n",
        "\r",
        "\t",
        "😀",
    ];

    /// <summary>One of the corpus, changed in one to four places.</summary>
    public string Next()
    {
        StringBuilder text = new(corpus[prng.NextBelow(corpus.Count)]);
        int changes = 1 + prng.NextBelow(4);
        for (int i = 0; i < changes; i++)
        {
            Change(text);
        }

        return text.ToString();
    }

    private void Change(StringBuilder text)
    {
        int at = prng.NextBelow(text.Length + 1);
        switch (prng.NextBelow(9))
        {
            case 0 when at < text.Length:
                text[at] = (char)(text[at] ^ (1 << prng.NextBelow(8)));
                break;
            case 1:
                text.Insert(at, Words[prng.NextBelow(Words.Length)]);
                break;
            case 2:
                text.Remove(at, Math.Min(text.Length - at, 1 + prng.NextBelow(20)));
                break;
            case 3:
                ReplaceWord(text, at, Words[prng.NextBelow(Words.Length)]);
                break;
            case 4:
                ReplaceWord(text, at, WordAt(corpus[prng.NextBelow(corpus.Count)]));
                break;
            case 5:
                text.Insert(at, PieceOf(text.ToString()));
                break;
            case 6:
                text.Insert(at, PieceOf(corpus[prng.NextBelow(corpus.Count)]));
                break;
            case 7:
                text.Length = at; // a file that was cut short
                break;
            default:
                ReplaceWord(
                    text,
                    at,
                    prng.NextBelow(int.MaxValue).ToString(System.Globalization.CultureInfo.InvariantCulture));
                break;
        }
    }

    private string PieceOf(string text)
    {
        int from = prng.NextBelow(text.Length + 1);
        return text.Substring(from, Math.Min(text.Length - from, prng.NextBelow(80)));
    }

    private string WordAt(string text)
    {
        (int from, int to) = Bounds(text, prng.NextBelow(text.Length + 1));
        return text[from..to];
    }

    private static void ReplaceWord(StringBuilder text, int at, string word)
    {
        (int from, int to) = Bounds(text.ToString(), at);
        text.Remove(from, to - from).Insert(from, word);
    }

    private static (int From, int To) Bounds(string text, int at)
    {
        int from = at;
        while (from > 0 && !char.IsWhiteSpace(text[from - 1]))
        {
            from--;
        }

        int to = at;
        while (to < text.Length && !char.IsWhiteSpace(text[to]))
        {
            to++;
        }

        return (from, to);
    }
}
