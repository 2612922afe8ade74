using System.Text.RegularExpressions;

namespace EpcActors.Tests.Tidy;

/// <summary>
/// A method of the source is read at one glance. The format of the source says where a member begins and ends: its
/// braces stand alone, as far in as its first line.
/// </summary>
public sealed partial class MemberLengthTests
{
    private const int MostLines = 70;

    /// <summary>Longer ones, with the reason.</summary>
    private static readonly string[] Longer =
    [
        // Follows sgx_alloc_epc_page from its first line to its last, so that one can hold it beside the C.
        "src/EpcActors.Kernel/Routines/Main.cs: AllocEpcPage",
    ];

    [Fact]
    public void No_method_is_longer_than_seventy_lines()
    {
        Member[] all =
        [
            .. Repository.FilesOf(".cs")
                .Where(file => file.StartsWith("src/", StringComparison.Ordinal))
                .SelectMany(file => MembersOf(file, Repository.Lines(file))),
        ];
        Assert.True(all.Length > 4000, $"only {all.Length} members were found");
        Member[] longOnes = [.. all.Where(one => one.Lines > MostLines)];
        string findings = string.Join('\n', longOnes
            .Where(one => !Longer.Contains($"{one.File}: {one.Name}"))
            .Select(one => $"{one.File}:{one.Line}: {one.Name} has {one.Lines} lines; split it by subject"));
        Assert.True(findings.Length == 0, findings);
        Assert.Equal(Longer, longOnes.Select(one => $"{one.File}: {one.Name}"));
    }

    [Fact]
    public void Members_are_found()
    {
        const string Text = """
            namespace N;

            internal sealed class A(
                int x)
            {
                private static readonly Dictionary<string, int> Map = new()
                {
                    ["a"] = 1,
                };

                public int B
                {
                    get;
                }

                [Obsolete]
                public (int, int) C<T>(
                    int d,
                    int e)
                    where T : class
                {
                    if (d > e)
                    {
                        F();
                    }
                }

                public Page G() =>
                    new()
                    {
                    };

                private sealed class H
                {
                    public H()
                    {
                    }
                }
            }

            public enum I
            {
                J,
            }
            """;
        Assert.Equal(
            "B 11-14, C 17-26, H 35-37",
            string.Join(
                ", ",
                MembersOf("A.cs", Text.ReplaceLineEndings("\n").Split('\n'))
                    .Select(one => $"{one.Name} {one.Line}-{one.Line + one.Lines - 1}")));
    }

    /// <summary>
    /// Members with a block of their own, those of nested types too. A table is no method: it may be as long as it is.
    /// </summary>
    private static IEnumerable<Member> MembersOf(string file, string[] lines)
    {
        Stack<string> types = new();
        for (int i = 0; i < lines.Length; i++)
        {
            string indent = lines[i][..^lines[i].TrimStart().Length];
            if (types.Count > 0 && lines[i] is var end && end == types.Peek() + "}")
            {
                types.Pop();
            }

            if (lines[i] != indent + "{" || indent != (types.Count == 0 ? "" : types.Peek() + "    "))
            {
                continue;
            }

            int first = i - 1;
            while (!BeginsAt(lines[first], indent))
            {
                first--;
            }

            if (TypeDeclaration().IsMatch(lines[first]))
            {
                types.Push(indent);
                continue;
            }

            int last = Array.FindIndex(lines, i, line => line == indent + "}" || line == indent + "};");
            if (!Table().IsMatch(lines[i - 1]))
            {
                string name = MemberName().Match(lines[first]).Groups[1].Value;
                yield return new Member(file, first + 1, name, last - first + 1);
            }

            i = last;
        }
    }

    private static bool BeginsAt(string line, string indent) =>
        line.StartsWith(indent, StringComparison.Ordinal)
        && line.Length > indent.Length
        && line[indent.Length] is not (' ' or ')' or ']');

    [GeneratedRegex(@"^\s*(?:[a-z]+\s+)*(?:class|struct|record|interface|enum|namespace)\s")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"(\w+)(?:<[^(]*>)?(?:\(|\s*$|\s*=)")]
    private static partial Regex MemberName();

    [GeneratedRegex(@"=( new.*)?$")]
    private static partial Regex Table();

    private sealed record Member(string File, int Line, string Name, int Lines);
}
